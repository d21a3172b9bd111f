import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  formatCount, formatDecibels, formatElapsed, formatMicroseconds, formatMilliseconds,
  formatPercent, formatTick,
} from '../../web/format.js';

test('microseconds change their unit where three digits end', () => {
  const cases = [
    [0, '0 µs'], [2.134, '2.13 µs'], [45.46, '45.5 µs'], [310.4, '310 µs'], [999.4, '999 µs'],
    [999.6, '1.00 ms'], [1830.2, '1.83 ms'], [52_300, '52.3 ms'], [999_600, '1.00 s'],
  ];
  for (const [us, text] of cases) assert.equal(formatMicroseconds(us), text);
});

test('a mark on the axis has no zeros after its point', () => {
  const marks = [0.1, 1, 10, 100, 1000, 10_000, 1_000_000].map(formatTick);
  assert.deepEqual(
    marks, ['0.1 µs', '1 µs', '10 µs', '100 µs', '1 ms', '10 ms', '1 s'],
  );
});

test('what is not known is a dash, and never NaN or null', () => {
  for (const format of [formatMicroseconds, formatMilliseconds, formatPercent, formatCount]) {
    for (const value of [null, undefined, Number.NaN, Infinity, '5']) {
      assert.equal(format(value), '–');
    }
  }
});

test('milliseconds have a decimal only below ten', () => {
  assert.deepEqual([0, 2, 9.94, 9.96, 84.4].map(formatMilliseconds),
    ['0', '2.0', '9.9', '10', '84']);
});

test('a loss of less than a percent keeps two decimals', () => {
  assert.deepEqual([0, 0.034, 0.34, 2.5, 100].map(formatPercent),
    ['0', '0.03', '0.34', '2.5', '100.0']);
});

test('counts are in groups of three', () => {
  assert.deepEqual([7, 1275, 1234567].map(formatCount), ['7', '1\u202f275', '1\u202f234\u202f567']);
});

test('time that has passed carries into minutes and hours', () => {
  assert.deepEqual([-1, 0, 59.9, 60, 3599, 3661].map(formatElapsed),
    ['0:00', '0:00', '0:59', '1:00', '59:59', '1:01:01']);
});

test('decibels have a true minus sign', () => {
  assert.equal(formatDecibels(-15.4), '−15');
  assert.equal(formatDecibels(-Infinity), '−∞');
});
