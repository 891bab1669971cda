/*
 * A process that sends back what it is sent (forked by share-ways.js).
 */
'use strict';

process.on('message', (value) => process.send(value));
process.on('disconnect', () => process.exit(0));
process.send('ready');
