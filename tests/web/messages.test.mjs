import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorText, parseMessage, parseSignal, subprotocols } from '../../web/messages.js';

test('text that is no JSON object is no message', () => {
  for (const text of ['', 'hello', '[1]', '3', 'null', '"text"', '{']) {
    assert.equal(parseMessage(text), null);
    assert.deepEqual(parseSignal(text), { type: 'unknown' });
  }
});

test('an unknown type is kept whole, also one that every object has', () => {
  for (const type of ['utterance', 'constructor', '__proto__', 'toString', 7]) {
    const message = parseMessage(JSON.stringify({ type, words: ['a'] }));
    assert.equal(message.type, 'other');
    assert.deepEqual(message.value.words, ['a']);
  }
});

test('a session without its parts is a session without nodes', () => {
  const message = parseMessage('{"type":"session"}');
  assert.deepEqual(message.pipeline, { name: '', nodes: [] });
  assert.equal(message.accepts_text, true);
  assert.equal(message.input_rate, null);
});

test('metrics keep numbers and turn all else into null', () => {
  const message = parseMessage(JSON.stringify({
    type: 'metrics',
    session: {
      delay_ms: 84.5, rtt_ms: null, lost: 'many', longest_gap_ms: 20,
      drops: { late: 2, rate: 0, odd: 'x' },
    },
    processing_us: { p50: 400 },
    nodes: [{ node_id: 'VAD', execution_count: 10, p95_duration_us: [] }, 'nonsense', null],
  }));
  assert.equal(message.session.delay_ms, 84.5);
  assert.equal(message.session.rtt_ms, null);
  assert.equal(message.session.lost, null);
  assert.equal(message.session.longest_gap_ms, 20);
  assert.deepEqual(message.session.drops, [{ reason: 'late', count: 2 }]);
  assert.deepEqual(message.processing_us, { count: null, p50: 400, p99: null, max: null });
  assert.equal(message.nodes.length, 1);
  assert.equal(message.nodes[0].execution_count, 10);
  assert.equal(message.nodes[0].p95_duration_us, null);
});

test('metrics with nothing in them can be shown', () => {
  const message = parseMessage('{"type":"metrics","session":7,"nodes":{}}');
  assert.equal(message.session.delay_ms, null);
  assert.deepEqual(message.session.drops, []);
  assert.deepEqual(message.nodes, []);
});

test('speech is on only after a start', () => {
  assert.deepEqual(parseMessage('{"type":"vad","event":"start","time_s":1.5,"node_id":"VAD"}'),
    { type: 'vad', event: 'start', time_s: 1.5, node_id: 'VAD' });
  assert.equal(parseMessage('{"type":"vad","event":"?"}').event, 'end');
});

test('an error names its node once, and tells when the pipeline was started again', () => {
  const shown = (error) => errorText(parseMessage(JSON.stringify({ type: 'error', ...error })));
  assert.equal(shown({ message: 'no text' }), 'no text');
  assert.equal(shown({ message: 'too loud', node_id: 'vad', fatal: true }), 'vad: too loud');
  const message = "node 'vad' (VADNode) failed: too loud";
  assert.equal(shown({ message, node_id: 'vad', fatal: true }), message);
  assert.equal(
    shown({ message, node_id: 'vad', fatal: false, restarts: 1 }),
    `${message}. The session goes on: its pipeline was started again.`,
  );
  assert.equal(
    shown({ message, node_id: 'vad', fatal: false, restarts: 3 }),
    `${message}. The session goes on: its pipeline was started again, for the 3. time.`,
  );
  assert.equal(shown({ message: 'odd', restarts: 'many' }), 'odd');
});

test('long text is cut', () => {
  const message = parseMessage(JSON.stringify({ type: 'text_response', text: 'x'.repeat(50_000) }));
  assert.equal(message.text.length, 20_000);
});

test('an answer keeps its whole description', () => {
  const sdp = 'a'.repeat(60_000);
  assert.equal(parseSignal(JSON.stringify({ type: 'answer', sdp })).sdp, sdp);
});

test('a refusal has code and waiting time, or null', () => {
  assert.deepEqual(
    parseSignal('{"type":"error","message":"full","code":503,"retry_after_s":12}'),
    { type: 'error', message: 'full', code: 503, retry_after_s: 12 },
  );
  assert.equal(parseSignal('{"type":"error"}').code, null);
});

test('a token travels as base64url, which a subprotocol may hold', () => {
  assert.deepEqual(subprotocols(''), ['remotemedia']);
  for (const token of ['secret', 'ÿ~?>>', 'gehéim', 'x'.repeat(257)]) {
    const [first, second] = subprotocols(token);
    assert.equal(first, 'remotemedia');
    assert.match(second, /^bearer\.[A-Za-z0-9_-]+$/);
    const decoded = Buffer.from(second.slice('bearer.'.length), 'base64url').toString('utf8');
    assert.equal(decoded, token);
  }
});
