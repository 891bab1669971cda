/*
 * A process that sends each message back (forked by share-ways.js).
 */
'use strict';

process.on('message', (value) => process.send(value));
process.on('disconnect', () => process.exit(0));
process.send('ready');
