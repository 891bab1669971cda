<?php
/*
 * Times one operation of APCu on 1,024 keys.
 *
 *     php -d apc.enable_cli=1 map-apcu.php <operation>        (started by map-peers.js)
 *
 * It is timed as measure.js times Node: after a warm-up, in batches of about 2 ms. Each line of standard
 * input runs a batch, and is answered with the nanoseconds a call. Each call is that of a closure, as each
 * call in measure.js is one of a function.
 */
if (!function_exists('apcu_enabled') || !apcu_enabled()) exit(1);

const KEYS = 1024;
const WARM_UP = 150e6; /* ns */
const BATCH = 2e6;

$keys = [];
for ($i = 0; $i < KEYS; $i++) $keys[] = sprintf('key:%012d', $i);
$text = str_repeat('x', 100);
$object = json_decode(getenv('BENCH_OBJECT'), true);

$fills = [
  'get-number' => 1, 'set-number' => 1, 'increment' => 1,
  'get-text' => $text, 'set-text' => $text, 'delete-set' => $text, 'get-object' => $object,
];
$operations = [
  'get-number' => function ($key) { return apcu_fetch($key); },
  'get-text' => function ($key) { return apcu_fetch($key); },
  'get-object' => function ($key) { return apcu_fetch($key); },
  'set-number' => function ($key) { return apcu_store($key, 7); },
  'set-text' => function ($key) use ($text) { return apcu_store($key, $text); },
  'increment' => function ($key) { return apcu_inc($key); },
  'delete-set' => function ($key) use ($text) { apcu_delete($key); return apcu_store($key, $text); },
];
if (!isset($argv[1], $operations[$argv[1]])) exit(1);
foreach ($keys as $key) apcu_store($key, $fills[$argv[1]]);

function batch($operation, $keys, $turns) {
  $begin = hrtime(true);
  for ($i = 0; $i < $turns; $i++) {
    foreach ($keys as $key) $kept = $operation($key);
  }
  return hrtime(true) - $begin;
}

$operation = $operations[$argv[1]];
$turns = 1;
for ($spent = 0; $spent < WARM_UP;) {
  $took = batch($operation, $keys, $turns);
  $spent += $took;
  $turns = min(max((int)(BATCH / $took * $turns), 1), $turns * 4);
}
echo "ready\n";
while (fgets(STDIN) !== false) {
  batch($operation, $keys, 1);
  printf("%.3f\n", batch($operation, $keys, $turns) / $turns / KEYS);
}
