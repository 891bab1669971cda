/*
 * Uses the declarations as a program would; tsc checks them. The line after a @ts-expect-error must
 * be refused.
 */
import { open } from 'node:fs/promises';

import {
  Mmap,
  MmapipcError,
  Share,
  SharedMap,
  SharedMapNamespace,
  constants,
  inspect,
  list,
  unlink,
  MAP_ANON,
  pack,
  sizeOf,
  unpack,
  MAP_FILE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  type Advice,
  type LockGuard,
  type MmapOptions,
  type Unpacked,
} from 'mmapipc';

const options: MmapOptions = { file: '/x', size: 10, readOnly: false, create: 'exclusive' };
const map = new Mmap(options);
new Mmap('/x', 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FILE, 3);
new Mmap(new URL('file:///x'));
new Mmap(3, 0, constants.PROT_READ, MAP_PRIVATE);

const region = new Mmap({ inherit: 'x', size: 10, create: 'exclusive', timeout: Infinity });
new Mmap(null, 10, PROT_READ, MAP_SHARED | MAP_ANON);
const attached: Mmap = Mmap.attach(region.handle ?? '', { readOnly: true });
Mmap.open({ name: attached.name });
const facts = inspect({ name: 'x' });
if (facts.state === 'ok') facts.participants.map(({ pid, alive }) => (alive ? pid : 0));
else facts.reason.trim();
const listed = list();
for (const one of listed) {
  if (one.state === 'ok') one.pids satisfies number[];
  else one.reason satisfies string;
}
inspect('memfd:');
unlink({ path: new URL('file:///x'), timeout: 5 });
// @ts-expect-error
unlink('x');
// @ts-expect-error
Mmap.open({ name: 'x', create: true });

const advice: Advice = 'willneed';
const size: number = map.size;
const address: bigint = map.address;
const file: string | undefined = map.file;
const buffer: Buffer = map.buffer;
const copy: Buffer = map.read(1, 2);
const text: string = map.readString(0, 10, 'latin1');
const written: number = map.write('x', 0) + map.write(new Float64Array(2), 1, 3);
const copied: number = map.readInto(new DataView(new ArrayBuffer(8)), 2);
map.view(5, 5).fill(0);
map.flush(0, 10, { async: true });
map.advise(advice);
map.lockMemory();
map.unlockMemory();
const pages: number = map.resident();
map.unmap();
map.close();

const guard: LockGuard = map.lock({ timeout: 100, shared: true });
const maybe: LockGuard | null = map.tryLock({ offset: 3, length: 4 });
const total: number = map.withLock((g) => (g.recovered ? 1 : 2), { timeout: Infinity });
guard.release();
map.unlock();
new Mmap({ file: '/x', autolock: true, timeout: 5, onTruncate: 'crash' });

export async function locking(signal: AbortSignal): Promise<number> {
  using held = await map.lockAsync({ signal });
  return held.recovered ? 0 : map.withLockAsync(async () => 3, { timeout: 5 });
}

const packed: number = map.pack(0, 'l n S d a20', 1, 2n, 3, 4.5, Buffer.from('x'));
const fields: Unpacked[] = map.unpack(0, 'l n S d a20', { bigint: 'never' });
map.unpack(0, 36, 'l n S d a20').concat(map.unpack(0, undefined, 'l', { bigint: 'always' }));
map.packArray(0, '(lldV)*', new Float64Array(4)) + map.packArray(0, 'q*', new BigInt64Array(4));
const count: number = map.unpackInto(0, 'l*', new Float64Array(4)) + map.unpackInto(0, 'l*', []);
const made: Buffer = pack('a*', 'x');
const read: Unpacked[] = unpack('a*', made, { bigint: 'auto' });
// @ts-expect-error a misspelt option
unpack('a*', made, { bigInt: 'auto' });
// @ts-expect-error booleans cannot be packed
pack('l', true);

const inside: number = Mmap.with({ file: '/x' }, (m) => m.size);

export async function later(): Promise<string> {
  const handle = await open('/x');
  using other = new Mmap(handle);
  const found: string = await Mmap.with('/x', async (m) => m.readString());
  return found + other.readString();
}

export function describe(error: unknown): string {
  return error instanceof MmapipcError ? `${error.code} ${error.required}` : 'other';
}

// @ts-expect-error: no such option
new Mmap({ file: '/x', readonly: true });
new Mmap({ size: 10 });
// @ts-expect-error: no such advice
map.advise('fast');
// @ts-expect-error: sizes are numbers
map.read(0n);
// @ts-expect-error: read-only member
map.size = 3;
// @ts-expect-error: no such encoding
map.readString(0, 1, 'utf9');

// @ts-expect-error: tryLock does not wait
map.tryLock({ timeout: 3 });

interface Flags {
  dark: boolean;
  limit?: number;
}
const flags = new Share<Flags>(4096, { inherit: 'flags', codec: 'json', checksum: true });
const version: number = flags.set({ dark: true });
const dark: boolean | undefined = flags.peek()?.dark;
const updated: Flags = flags.update((old) => ({ ...old, dark: false }));
const done: boolean = flags.compareAndSet(version, updated);
flags.on('change', (at) => at.toFixed()).unref();
flags.once('recovered', () => flags.clear());
const capacity: number = Share.with({ capacity: 10, name: 'x' }, (s) => s.capacity);
const seen: Share<number> = Share.attach<number>(flags.handle ?? '', { readOnly: true });
const own: Share<Date> = Share.open({
  path: '/x',
  codec: { encode: (d: Date) => Buffer.from(d.toISOString()), decode: (b) => new Date(String(b)) },
});
// @ts-expect-error of another type
flags.set({ dark: 1 });
const nested = new Share<{ a: { b: number[] }; when: Date }>(100).peek()!;
nested.when.getTime();
// @ts-expect-error nested values are read-only, too
nested.a.b[0] = 1;
// @ts-expect-error
nested.a.b.push(1);
sizeOf('N n').toFixed();
map.write('00ff', 0, 2, 'hex');
// @ts-expect-error bytes have no encoding
map.write(Buffer.from('x'), 0, 1, 'hex');
// @ts-expect-error the result of peek() is read-only
flags.peek()!.dark = true;
// @ts-expect-error no such codec
new Share(1, { codec: 'yaml' });
// @ts-expect-error a Share has no file
new Share(1, { file: '/x' });

export async function following(signal: AbortSignal): Promise<void> {
  for await (const value of flags.watch({ signal })) value?.limit?.toFixed();
  await flags.changed({ since: 3, timeout: 10 });
  await flags.withLockAsync(async (held) => held.set({ dark: held.get()?.dark ?? false }));
  const next: Flags = await flags.updateAsync(async (old) => old ?? { dark: true });
  using held = flags.lock();
  held.update(() => next);
}

const found = inspect({ name: 'x' });
if (found.state === 'ok') found.lock.holder?.pid?.toFixed();

export { capacity, dark, done, own, seen };
export { address, maybe, total, buffer, copied, copy, file, inside, pages, size, text, written };

interface User {
  name: string;
  tags?: string[];
}
const users = new SharedMap<User>(2 ** 20, {
  inherit: 'users',
  evict: 'lru',
  ttl: 5000,
  cache: 100,
});
users.set('1', { name: 'a' }).set('2', { name: 'b' }, 1000);
users.set('3', { name: 'c' }, { expires: new Date() }).set('4', { name: 'd' }, { ttl: Infinity });
const user: User | undefined = users.get('1');
const tag: string | undefined = users.peek('1')?.tags?.[0];
const many: (User | undefined)[] = users.setMany([['1', { name: 'a' }]]).getMany(new Set(['1']));
const flagsOfMap: boolean[] = [users.has('1'), users.delete('1'), users.add('1', { name: 'a' })];
const countOfUsers: number = users.size + users.deleteMany(['1']);
for (const [key, { name }] of users) flagsOfMap.push(key === name);
for (const key of users.keys({ prefix: 'a' })) flagsOfMap.push(key === '');
users.forEach((value, key, map) => map.set(key, value));
const limiter: SharedMap<number> = SharedMap.open<number>({ name: 'limiter' });
const { value: hits, ttl: left, created } = limiter.count('ip', 1, { ttl: 60000 });
const sum: number =
  limiter.increment('n', 2, { initial: 1, ttl: 5 }) + hits + left + Number(created);
const versioned = limiter.entry('n');
if (versioned !== undefined) limiter.compareAndSet('n', versioned.version, versioned.value + sum);
const renewed: number = limiter.update('n', (old) => (old ?? 0) + 1, { ttl: 5 });
const renewing: Promise<number> = limiter.updateAsync('n', async (old) => (old ?? 0) + renewed);
const madeUser: Promise<User> = users.getOrSetAsync('9', async (key) => ({ name: key }), {
  timeout: 5,
  signal: AbortSignal.timeout(5),
});
const inner: SharedMapNamespace<number> = users.namespace('n:').namespace<number>('m:');
const innerMap: SharedMap = inner.map;
inner.object.foo = 5;
const foo: number = inner.object.foo;
users.on('change', ({ key, what }) => what === 'many' && key === undefined).ref();
const iterated = users.watch({ prefix: 'a' });
const changedTo: Promise<number> = users.changed('1', { since: 0 });
const used: number = users.stats().used + (users.ttl('1') ?? 0) + Number(users.expire('1', null));
users.withLock((guard) => guard.recovered);
void [user, tag, many, countOfUsers, renewing, madeUser, innerMap, foo, iterated, changedTo, used];
// @ts-expect-error a value of another type
users.set('1', 5);
// @ts-expect-error a key is a string
users.get(1);
// @ts-expect-error an unknown option
new SharedMap(65536, { evict: 'fifo' });
// @ts-expect-error a map has no file
new SharedMap(65536, { file: '/x' });
// @ts-expect-error peek() gives a read-only value
users.peek('1')!.name = 'x';
