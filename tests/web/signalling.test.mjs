import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ANSWER_TIMEOUT_MS, Signalling, TIMEOUT_MS } from '../../web/signalling.js';

class FakeSocket {
  readyState = 0;
  sent = [];
  closed = 0;

  constructor(address, protocols) {
    Object.assign(this, { address, protocols });
    FakeSocket.last = this;
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  receive(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
    this.closed += 1;
  }
}

const request = (abort = new AbortController().signal) => (
  Signalling.open('ws://localhost/ws', 'secret', abort, FakeSocket)
);

async function opened() {
  const opening = request();
  FakeSocket.last.open();
  return { signalling: await opening, socket: FakeSocket.last };
}

test('the socket asks for the subprotocol and shows the token', async () => {
  const { socket } = await opened();
  assert.deepEqual(socket.protocols, ['remotemedia', 'bearer.c2VjcmV0']);
});

test('a socket that does not open is given up after five seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const opening = request();
  t.mock.timers.tick(TIMEOUT_MS);
  await assert.rejects(opening, /in time/);
  assert.equal(TIMEOUT_MS, 5000);
  assert.equal(FakeSocket.last.closed, 1);
});

test('a socket that is refused, or no longer wanted, is an error at once', async () => {
  const refused = request();
  FakeSocket.last.onclose();
  await assert.rejects(refused, /refused/);
  const abort = new AbortController();
  const stopped = request(abort.signal);
  abort.abort();
  await assert.rejects(stopped, /stopped/);
  assert.equal(FakeSocket.last.closed, 1);
});

test('an offer is answered', async () => {
  const { signalling, socket } = await opened();
  const answer = signalling.offer('v=0');
  assert.deepEqual(socket.sent, [{ type: 'offer', sdp: 'v=0' }]);
  socket.receive({ type: 'answer', sdp: 'v=1', session_id: 'abc' });
  assert.equal((await answer).sdp, 'v=1');
});

test('an error refuses the offer, an answer without an offer does nothing', async () => {
  const { signalling, socket } = await opened();
  socket.receive({ type: 'answer', sdp: 'stray' });
  const answer = signalling.offer('v=0');
  socket.receive({ type: 'error', code: 422, message: 'no Opus' });
  await assert.rejects(answer, { advice: /no Opus/ });
});

test('a server that loads a model before it answers is waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { signalling, socket } = await opened();
  const answer = signalling.offer('v=0');
  t.mock.timers.tick(30_000);
  socket.receive({ type: 'answer', sdp: 'v=1', session_id: 'abc' });
  assert.equal((await answer).sdp, 'v=1');
});

test('an offer without an answer is given up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { signalling } = await opened();
  const answer = signalling.offer('v=0');
  t.mock.timers.tick(ANSWER_TIMEOUT_MS);
  await assert.rejects(answer, /did not answer/);
});

test('the end is told once, with the reason of the server', async () => {
  const { signalling, socket } = await opened();
  const reasons = [];
  signalling.onclosed = ({ advice }) => reasons.push(advice);
  socket.receive({ type: 'closed', reason: 'idle' });
  socket.onclose();
  assert.equal(reasons.length, 1);
  assert.match(reasons[0], /Reason: idle\./);
});

test('a server that refuses before there is an offer is understood', async () => {
  const { signalling, socket } = await opened();
  let problem;
  signalling.onclosed = (told) => { problem = told; };
  socket.receive({ type: 'error', code: 401, message: 'unknown token' });
  socket.onclose();
  assert.match(problem.message, /access token/);
});

test('closing tells the server and is no event', async () => {
  const { signalling, socket } = await opened();
  signalling.onclosed = () => assert.fail('told of its own close');
  signalling.close();
  socket.onclose();
  assert.deepEqual(socket.sent, [{ type: 'close' }]);
  assert.equal(socket.closed, 1);
});

test('a socket that breaks ends an offer that waits', async () => {
  const { signalling, socket } = await opened();
  const answer = signalling.offer('v=0');
  socket.onclose();
  await assert.rejects(answer);
});
