import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readStats } from '../../web/browser_stats.js';
import { composeDelay } from '../../web/delay.js';
import { FLOOR_DB, advanceMeter, measure, meterShare } from '../../web/levels.js';

test('the delay is the sum of its parts', () => {
  const { total_ms, parts } = composeDelay({ server_ms: 60, browser_ms: 35, rtt_ms: 12 });
  assert.equal(total_ms, 40 + 60 + 35 + 12);
  assert.equal(Object.values(parts).reduce((sum, part) => sum + part, 0), total_ms);
});

test('there is no delay while a part of it is unknown', () => {
  assert.equal(composeDelay({ server_ms: 60, browser_ms: null, rtt_ms: 12 }).total_ms, null);
  assert.equal(composeDelay({ server_ms: 60, browser_ms: 35, rtt_ms: null }).total_ms, null);
});

const inbound = (jitterBufferDelay, jitterBufferEmittedCount) => ({
  type: 'inbound-rtp', kind: 'audio', jitter: 0.004, packetsLost: 3, concealedSamples: 4800,
  jitterBufferDelay, jitterBufferEmittedCount,
});

test("the browser's buffer is that of the audio since the report before", () => {
  const first = readStats([inbound(4800 * 0.02, 4800)], null);
  assert.ok(Math.abs(first.buffer_ms - 20) < 1e-9);
  const second = readStats([inbound(4800 * 0.02 + 9600 * 0.07, 14_400)], first);
  assert.ok(Math.abs(second.buffer_ms - 70) < 1e-9);
  const standing = readStats([inbound(4800 * 0.02 + 9600 * 0.07, 14_400)], second);
  assert.equal(standing.buffer_ms, second.buffer_ms);
});

test('the round trip is that of the selected pair, by either way of naming it', () => {
  const pairs = [
    { type: 'candidate-pair', id: 'a', nominated: true, state: 'succeeded',
      currentRoundTripTime: 0.9 },
    { type: 'candidate-pair', id: 'b', currentRoundTripTime: 0.012 },
  ];
  const transport = { type: 'transport', selectedCandidatePairId: 'b' };
  assert.equal(readStats([...pairs, transport], null).rtt_ms, 12);
  assert.equal(readStats([pairs[0], { ...pairs[1], selected: true }], null).rtt_ms, 12);
  assert.equal(readStats([pairs[0]], null).rtt_ms, 900);
});

test('without a pair the round trip comes from the receiver reports', () => {
  const report = [{ type: 'remote-inbound-rtp', kind: 'audio', roundTripTime: 0.03 }];
  assert.equal(readStats(report, null).rtt_ms, 30);
});

test('an empty report has no figures, and no NaN', () => {
  const { counters, ...figures } = readStats([], null);
  for (const value of [...Object.values(figures), ...Object.values(counters)]) {
    assert.equal(value, null);
  }
});

test('concealed audio is told in milliseconds', () => {
  assert.equal(readStats([inbound(1, 1)], null).concealed_ms, 100);
});

test('a full-scale sine measures -3 dB RMS and 0 dB peak', () => {
  const samples = Float32Array.from({ length: 4800 }, (_, n) => Math.sin((2 * Math.PI * n) / 48));
  const { rms_db, peak_db } = measure(samples);
  assert.ok(Math.abs(rms_db + 3.01) < 0.01);
  assert.ok(Math.abs(peak_db) < 0.01);
});

test('silence and no samples are at the floor', () => {
  assert.deepEqual(measure(new Float32Array(100)), { rms_db: FLOOR_DB, peak_db: FLOOR_DB });
  assert.deepEqual(measure(new Float32Array(0)), { rms_db: FLOOR_DB, peak_db: FLOOR_DB });
  assert.equal(meterShare(FLOOR_DB), 0);
  assert.equal(meterShare(0), 1);
});

test('a meter rises at once, falls by 30 dB in a second, and its mark waits', () => {
  const loud = advanceMeter(null, { rms_db: -10, peak_db: -2 }, 0);
  const later = advanceMeter(loud, { rms_db: -60, peak_db: -60 }, 0.5);
  assert.equal(later.level_db, -25);
  assert.equal(later.hold_db, -2);
  const much_later = advanceMeter(later, { rms_db: -60, peak_db: -60 }, 2);
  assert.equal(much_later.level_db, -60);
  assert.equal(much_later.hold_db, -60);
  assert.equal(advanceMeter(much_later, { rms_db: -5, peak_db: -1 }, 2.01).level_db, -5);
});
