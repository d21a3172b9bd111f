import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SeriesWindow, largest, nearestRow, recentAverage } from '../../web/series.js';

test('the window keeps its span', () => {
  const series = new SeriesWindow(60, 1000);
  for (let step = 0; step < 400; step += 1) series.add(step * 0.5, { a: step });
  assert.equal(series.rows.at(-1).time_s, 199.5);
  assert.equal(series.rows[0].time_s, 139.5);
});

test('the window never grows beyond its capacity', () => {
  const series = new SeriesWindow(60, 10);
  for (let step = 0; step < 500; step += 1) {
    series.add(step * 0.001, {});
    assert.ok(series.rows.length <= 10);
  }
});

test('a row that is not newer is left out', () => {
  const series = new SeriesWindow(60, 10);
  series.add(2, { a: 1 });
  series.add(2, { a: 2 });
  series.add(1, { a: 3 });
  assert.deepEqual(series.rows, [{ time_s: 2, values: { a: 1 } }]);
});

test('the recent average is that of the calls in between', () => {
  const calls = [40, 44, 39, 120, 80, 61];
  const report = (count) => ({
    execution_count: count,
    avg_duration_us: calls.slice(0, count).reduce((sum, one) => sum + one, 0) / (count || 1),
  });
  assert.ok(Math.abs(recentAverage(report(3), report(6)) - (120 + 80 + 61) / 3) < 1e-9);
  assert.ok(Math.abs(recentAverage(undefined, report(2)) - 42) < 1e-9);
});

test('nothing between two reports has no average', () => {
  const report = { execution_count: 5, avg_duration_us: 10 };
  assert.equal(recentAverage(report, report), null);
  assert.equal(recentAverage(undefined, { execution_count: 0, avg_duration_us: 0 }), null);
  assert.equal(recentAverage(report, { execution_count: null, avg_duration_us: 1 }), null);
});

test('figures that start again at zero are taken as new', () => {
  const before = { execution_count: 100, avg_duration_us: 900 };
  assert.equal(recentAverage(before, { execution_count: 4, avg_duration_us: 20 }), 20);
});

test('the nearest row is found at, between and beyond the rows', () => {
  const rows = [1, 2, 4].map((time_s) => ({ time_s }));
  const found = [-5, 1.4, 1.6, 3.1, 99].map((time_s) => nearestRow(rows, time_s).time_s);
  assert.deepEqual(found, [1, 1, 2, 4, 4]);
  assert.equal(nearestRow([], 1), null);
});

test('the largest come first and unknown values last', () => {
  const entries = Object.entries({ a: 3, b: null, c: 9, d: 1 })
    .map(([key, value]) => ({ key, value }));
  assert.deepEqual([...largest(entries, 2)], ['c', 'a']);
  assert.deepEqual([...largest(entries, 9)], ['c', 'a', 'd', 'b']);
});
