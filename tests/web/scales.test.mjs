import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  bandPath, decadeTicks, linePath, linearTicks, stack, verticalScale,
} from '../../web/scales.js';

test('linear marks are round, start at zero and reach over the values', () => {
  for (let highest = 0.013; highest < 1e7; highest *= 1.37) {
    const { top, ticks } = linearTicks(highest);
    assert.equal(ticks[0], 0);
    assert.ok(top >= highest * (1 - 1e-9) && top <= highest * 2, `${highest} -> ${top}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 7, `${highest} -> ${ticks}`);
    const lead = ticks[1] / 10 ** Math.floor(Math.log10(ticks[1]) + 1e-9);
    assert.ok([1, 2, 5].some((digit) => Math.abs(lead - digit) < 1e-6), `step ${ticks[1]}`);
  }
});

test('marks exist without values', () => {
  assert.ok(linearTicks(0).top > 0);
  assert.ok(linearTicks(Number.NaN).top > 0);
  assert.deepEqual(decadeTicks(0, 0).ticks, [1, 10, 100, 1000]);
});

test('decades enclose the values, and there are at least two marks', () => {
  assert.deepEqual(decadeTicks(2.1, 4090).ticks, [1, 10, 100, 1000, 10_000]);
  assert.deepEqual(decadeTicks(100, 100).ticks, [100, 1000]);
  assert.deepEqual(decadeTicks(0.3, 0.5).ticks.map((tick) => tick.toFixed(1)), ['0.1', '1.0']);
});

test('a decade is as high as any other, and nothing leaves the plot', () => {
  const y = verticalScale({ bottom: 1, top: 1000, height: 300, logarithmic: true });
  assert.deepEqual([1, 10, 100, 1000].map((value) => Math.round(y(value))), [300, 200, 100, 0]);
  assert.equal(y(1e9), 0);
  assert.equal(y(1e-9), 300);
});

test('a line breaks at a gap, and a value alone is a dot', () => {
  const points = [[0, 5], [1, null], [2, 6], [3, 7], [4, null]].map(([x, y]) => ({ x, y }));
  assert.equal(linePath(points), 'M0 5h0M2 6L3 7');
  assert.equal(linePath([]), '');
});

test('a band runs along its upper edge and back along its lower one', () => {
  const points = [
    { x: 0, low: 9, high: 5 }, { x: 1, low: null, high: 2 }, { x: 2, low: 8, high: 4 },
  ];
  assert.equal(bandPath(points), 'M0 5L2 4L2 8L0 9Z');
  assert.equal(bandPath(points.slice(0, 1)), '');
});

test('bands stand on each other and end at the first unknown value', () => {
  const bands = stack({ a: 40, b: 5, c: null, d: 9 }, ['a', 'b', 'c', 'd']);
  assert.deepEqual(bands.map(({ low, high }) => [low, high]),
    [[0, 40], [40, 45], [45, null], [null, null]]);
});
