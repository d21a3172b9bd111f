/** Values over time: a sliding window of rows, and what is derived from cumulative figures. */

/**
 * Rows of named values in the order of time. Holds at most `capacity` rows and none older than
 * `span_s` before the newest.
 */
export class SeriesWindow {
  #rows = [];

  /**
   * @param {number} span_s
   * @param {number} capacity
   */
  constructor(span_s, capacity) {
    this.span_s = span_s;
    this.capacity = capacity;
  }

  /** @returns {ReadonlyArray<{time_s: number, values: Record<string, number | null>}>} */
  get rows() {
    return this.#rows;
  }

  /**
   * A row that is not newer than the last one is left out.
   *
   * @param {number} time_s
   * @param {Record<string, number | null>} values
   */
  add(time_s, values) {
    const last = this.#rows.at(-1);
    if (last && time_s <= last.time_s) return;
    this.#rows.push({ time_s, values });
    const oldest = time_s - this.span_s;
    let drop = Math.max(0, this.#rows.length - this.capacity);
    while (this.#rows[drop].time_s < oldest) drop += 1;
    if (drop > 0) this.#rows.splice(0, drop);
  }

  clear() {
    this.#rows = [];
  }
}

/**
 * The average over what was executed between two cumulative reports.
 *
 * @param {{execution_count: number | null, avg_duration_us: number | null} | undefined} before
 * @param {{execution_count: number | null, avg_duration_us: number | null}} now
 * @returns {number | null} µs; null if nothing ran in between
 */
export function recentAverage(before, now) {
  if (now.execution_count === null || now.avg_duration_us === null) return null;
  const total = now.execution_count * now.avg_duration_us;
  const restarted = before && (before.execution_count ?? 0) > now.execution_count;
  const count = restarted ? 0 : before?.execution_count ?? 0;
  const earlier = count * (before?.avg_duration_us ?? 0);
  if (now.execution_count === count) return null;
  return Math.max(0, (total - earlier) / (now.execution_count - count));
}

/**
 * The row whose time is nearest.
 *
 * @template {{time_s: number}} Row
 * @param {ReadonlyArray<Row>} rows in the order of time
 * @param {number} time_s
 * @returns {Row | null}
 */
export function nearestRow(rows, time_s) {
  let nearest = null;
  for (const row of rows) {
    if (nearest && Math.abs(row.time_s - time_s) > Math.abs(nearest.time_s - time_s)) break;
    nearest = row;
  }
  return nearest;
}

/**
 * The keys with the largest last values.
 *
 * @param {ReadonlyArray<{key: string, value: number | null}>} entries
 * @param {number} count
 * @returns {Set<string>}
 */
export function largest(entries, count) {
  const sorted = [...entries].sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  return new Set(sorted.slice(0, count).map((entry) => entry.key));
}
