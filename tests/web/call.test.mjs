import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Call, MEDIA_TIMEOUT_MS, PATIENCE_MS } from '../../web/call.js';
import { Problem, closedProblem, refusedProblem } from '../../web/problems.js';

const turn = () => new Promise((resolve) => { setImmediate(resolve); });
const where = { url: new URL('ws://localhost:8080/ws'), token: '', track: {} };

/** A call with a server and a peer connection that do as told, and what came out of it. */
function setUp(t, { open = async () => {}, offer = async () => ({ sdp: 'answer' }) } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { phases: [], ends: [], restarts: [], closed: 0, signals_closed: 0 };
  const parts = {};
  const signalling = { onclosed: () => {}, offer, close: () => { seen.signals_closed += 1; } };
  const call = new Call({
    onPhase: (phase) => seen.phases.push(phase),
    onEnd: (problem) => seen.ends.push(problem),
    onTrack: () => {}, onMessage: () => {}, onChannel: () => {},
  }, {
    signalling: async (...args) => { await open(...args); return signalling; },
    connection: (track, handlers) => {
      parts.state = handlers.onState;
      return {
        createOffer: async (restart) => { seen.restarts.push(restart); return 'offer'; },
        acceptAnswer: async () => {},
        send: () => true,
        close: () => { seen.closed += 1; },
      };
    },
    isAlive: async () => false,
  });
  return { call, seen, signalling, parts, pass: (ms) => t.mock.timers.tick(ms) };
}

test('a call goes through its phases and ends without a problem', async (t) => {
  const { call, seen, parts, pass } = setUp(t);
  await call.start(where);
  parts.state('connected');
  pass(MEDIA_TIMEOUT_MS * 2);
  call.stop();
  call.stop();
  assert.deepEqual(seen.phases, ['connecting', 'media', 'running', 'ended']);
  assert.deepEqual(seen.ends, [null]);
  assert.deepEqual([seen.closed, seen.signals_closed], [1, 1]);
});

test('media that is connected before the answer is done stays running', async (t) => {
  const { call, seen, parts, pass } = setUp(t, {
    offer: async () => { parts.state('connected'); return { sdp: 'answer' }; },
  });
  await call.start(where);
  pass(MEDIA_TIMEOUT_MS * 2);
  assert.equal(call.phase, 'running');
  assert.deepEqual(seen.ends, []);
});

test('an answer without media ends after its time with advice on UDP', async (t) => {
  const { call, seen, pass } = setUp(t);
  await call.start(where);
  pass(MEDIA_TIMEOUT_MS - 1);
  assert.deepEqual(seen.ends, []);
  pass(1);
  assert.match(seen.ends[0].advice, /UDP/);
});

test('a short interruption is waited for', async (t) => {
  const { call, seen, parts, pass } = setUp(t);
  await call.start(where);
  parts.state('connected');
  parts.state('disconnected');
  pass(PATIENCE_MS - 1);
  parts.state('connected');
  pass(MEDIA_TIMEOUT_MS * 2);
  assert.deepEqual(seen.restarts, [false]);
  assert.equal(call.phase, 'running');
});

test('a lasting interruption is met by one ICE restart, which can succeed', async (t) => {
  const { call, seen, parts, pass } = setUp(t);
  await call.start(where);
  parts.state('connected');
  parts.state('disconnected');
  pass(PATIENCE_MS);
  await turn();
  assert.deepEqual(seen.restarts, [false, true]);
  parts.state('connected');
  pass(MEDIA_TIMEOUT_MS * 2);
  assert.deepEqual(seen.phases, ['connecting', 'media', 'running', 'restoring', 'running']);
  assert.deepEqual(seen.ends, []);
});

test('a restart that does not help ends the call, and there is no second one', async (t) => {
  const { call, seen, parts } = setUp(t);
  await call.start(where);
  parts.state('connected');
  parts.state('failed');
  await turn();
  parts.state('failed');
  await turn();
  assert.deepEqual(seen.restarts, [false, true]);
  assert.equal(seen.ends.length, 1);
  assert.match(seen.ends[0].message, /lost/);
  assert.equal(seen.signals_closed, 1);
});

test('a restart that leads to nothing ends the call after its time', async (t) => {
  const { call, seen, parts, pass } = setUp(t);
  await call.start(where);
  parts.state('connected');
  parts.state('failed');
  await turn();
  pass(MEDIA_TIMEOUT_MS);
  assert.match(seen.ends[0].message, /lost/);
});

test('media that fails at first ends the call without a restart', async (t) => {
  const { call, seen, parts } = setUp(t);
  await call.start(where);
  parts.state('failed');
  await turn();
  assert.deepEqual(seen.restarts, [false]);
  assert.match(seen.ends[0].advice, /UDP/);
});

test('a refused offer shows the reason of the server', async (t) => {
  const refusal = refusedProblem({ message: 'full', code: 503, retry_after_s: 11.2 });
  const { call, seen } = setUp(t, { offer: () => Promise.reject(refusal) });
  await call.start(where);
  assert.equal(seen.ends[0], refusal);
  assert.match(refusal.advice, /full\. Try again in 12 s\./);
});

test('a server that is not there is named', async (t) => {
  const { call, seen } = setUp(t, { open: () => Promise.reject(new Error('refused')) });
  await call.start(where);
  assert.ok(seen.ends[0] instanceof Problem);
  assert.match(seen.ends[0].message, /localhost:8080 cannot be reached/);
});

test('a server that closes ends the call with its reason', async (t) => {
  const { call, seen, signalling, parts } = setUp(t);
  await call.start(where);
  parts.state('connected');
  signalling.onclosed(closedProblem('going down'));
  assert.match(seen.ends[0].advice, /going down/);
  assert.equal(seen.closed, 1);
});

test('Stop while the socket opens closes it again and makes no connection', async (t) => {
  let opened;
  const { call, seen, parts } = setUp(t, {
    open: () => new Promise((resolve) => { opened = resolve; }),
  });
  const started = call.start(where);
  call.stop();
  opened();
  await started;
  assert.deepEqual(seen.ends, [null]);
  assert.equal(seen.signals_closed, 1);
  assert.equal(parts.state, undefined);
});
