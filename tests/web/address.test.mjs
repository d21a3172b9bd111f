import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkAddress, defaultAddress, isOwnServer } from '../../web/address.js';

const http = new URL('http://localhost:8080/');
const https = new URL('https://media.example/');

test('the page finds the server that it came from', () => {
  assert.equal(defaultAddress(http), 'ws://localhost:8080/ws');
  assert.equal(defaultAddress(https), 'wss://media.example/ws');
  assert.equal(defaultAddress(new URL('file:///tmp/index.html')), 'ws://localhost:8080/ws');
});

test('an address that cannot work is named before anything is tried', () => {
  assert.equal(checkAddress('nonsense', http).fault, 'malformed');
  assert.equal(checkAddress('http://localhost/ws', http).fault, 'scheme');
  assert.equal(checkAddress('javascript:alert(1)', http).fault, 'scheme');
  assert.equal(checkAddress('ws://media.example/ws', https).fault, 'mixed');
});

test('a usable address is taken, without what a WebSocket refuses', () => {
  assert.equal(checkAddress(' wss://media.example/ws#top ', https).url.href,
    'wss://media.example/ws');
  assert.equal(checkAddress('ws://127.0.0.1:9000/ws', https).url.host, '127.0.0.1:9000');
});

test('a link may start the microphone only towards the server of the page', () => {
  assert.equal(isOwnServer('ws://localhost:9000/ws', http), true);
  assert.equal(isOwnServer('ws://127.0.0.1:8080/ws', http), true);
  assert.equal(isOwnServer('wss://media.example/ws', https), true);
  assert.equal(isOwnServer('wss://media.example.evil.test/ws', https), false);
  assert.equal(isOwnServer('ws://127.evil.test/ws', http), false);
  assert.equal(isOwnServer('wss://evil.test/ws', http), false);
});
