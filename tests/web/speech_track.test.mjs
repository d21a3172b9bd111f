import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SpeechTrack } from '../../web/speech_track.js';

const event = (kind, time_s, node_id = 'VAD') => ({ event: kind, time_s, node_id });

test('speech lies where it was spoken, not where the message arrived', () => {
  const track = new SpeechTrack();
  track.add(event('start', 1), 101.1);
  track.add(event('end', 3), 103.6);
  const [interval] = track.between(100, 110);
  assert.ok(Math.abs(interval.start_s - 101.1) < 1e-9);
  assert.ok(Math.abs(interval.end_s - 103.1) < 1e-9);
});

test('the earliest message sets the clock for all', () => {
  const track = new SpeechTrack();
  track.add(event('start', 1), 101.5);
  track.add(event('end', 2), 102.02);
  const [interval] = track.between(90, 110);
  assert.ok(Math.abs(interval.start_s - 101.02) < 1e-9);
});

test('speech goes on until its end', () => {
  const track = new SpeechTrack();
  assert.equal(track.speaking, false);
  track.add(event('start', 1), 1);
  assert.equal(track.speaking, true);
  assert.equal(track.between(0, 9)[0].end_s, 9);
  track.add(event('end', 2), 2);
  assert.equal(track.speaking, false);
});

test('an end without a start and a second start change nothing', () => {
  const track = new SpeechTrack();
  track.add(event('end', 1), 1);
  assert.deepEqual(track.between(0, 9), []);
  track.add(event('start', 2), 2);
  track.add(event('start', 3), 3);
  assert.equal(track.between(0, 9).length, 1);
});

test('nodes do not end the speech of one another', () => {
  const track = new SpeechTrack();
  track.add(event('start', 1, 'a'), 1);
  track.add(event('start', 1, 'b'), 1);
  track.add(event('end', 2, 'a'), 2);
  assert.equal(track.speaking, true);
});

test('the end of the session ends the speech', () => {
  const track = new SpeechTrack();
  track.add(event('start', 1), 11);
  track.finish(14);
  assert.equal(track.speaking, false);
  assert.equal(track.between(0, 99)[0].end_s, 14);
});

test('old intervals are given up, so that a session of hours stays small', () => {
  const track = new SpeechTrack();
  for (let second = 0; second < 4000; second += 2) {
    track.add(event('start', second), second);
    track.add(event('end', second + 1), second + 1);
  }
  assert.equal(track.between(0, 1e9).length, 400);
});
