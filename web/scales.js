/** Axes and paths of a chart, as numbers and text: nothing of the document. */

/**
 * Round steps from 0 to at least `highest`.
 *
 * @param {number} highest
 * @param {number} [wanted] about how many steps
 * @returns {{top: number, ticks: number[]}}
 */
export function linearTicks(highest, wanted = 4) {
  const range = highest > 0 && Number.isFinite(highest) ? highest : 1;
  const raw = range / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
  const count = Math.ceil(range / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  return { top: ticks[count], ticks };
}

/**
 * Whole decades around the values.
 *
 * @param {number} lowest above 0
 * @param {number} highest
 * @returns {{bottom: number, top: number, ticks: number[]}}
 */
export function decadeTicks(lowest, highest) {
  const valid = lowest > 0 && Number.isFinite(lowest) && highest >= lowest;
  const first = valid ? Math.floor(Math.log10(lowest)) : 0;
  const last = valid ? Math.max(first + 1, Math.ceil(Math.log10(highest))) : 3;
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return { bottom: ticks[0], top: ticks.at(-1), ticks };
}

/**
 * @param {{bottom: number, top: number, height: number, logarithmic: boolean}} axis
 * @returns {(value: number) => number} pixels from the upper edge, kept inside
 */
export function verticalScale({ bottom, top, height, logarithmic }) {
  const map = logarithmic ? Math.log10 : (value) => value;
  const low = map(bottom);
  const range = map(top) - low;
  return (value) => {
    const share = (map(Math.min(top, Math.max(bottom, value))) - low) / range;
    return height * (1 - share);
  };
}

const coordinate = (value) => Math.round(value * 10) / 10;

/**
 * A line that breaks where a value is missing; a value alone is a dot.
 *
 * @param {ReadonlyArray<{x: number, y: number | null}>} points
 * @returns {string} the `d` of an SVG path
 */
export function linePath(points) {
  const drawn = (index) => (points[index]?.y ?? null) !== null;
  return points.map(({ x, y }, index) => {
    if (y === null) return '';
    const place = `${coordinate(x)} ${coordinate(y)}`;
    if (drawn(index - 1)) return `L${place}`;
    return drawn(index + 1) ? `M${place}` : `M${place}h0`;
  }).join('');
}

/**
 * The band between two lines; points where either is missing are left out.
 *
 * @param {ReadonlyArray<{x: number, low: number | null, high: number | null}>} points
 * @returns {string} the `d` of an SVG path
 */
export function bandPath(points) {
  const whole = points.filter((point) => point.low !== null && point.high !== null);
  if (whole.length < 2) return '';
  const upper = whole.map(({ x, high }) => `${coordinate(x)} ${coordinate(high)}`);
  const lower = whole.map(({ x, low }) => `${coordinate(x)} ${coordinate(low)}`).reverse();
  return `M${upper.join('L')}L${lower.join('L')}Z`;
}

/**
 * Running sums of a row's values, from the first key up.
 *
 * @param {Record<string, number | null>} values
 * @param {readonly string[]} keys
 * @returns {{key: string, low: number | null, high: number | null}[]} null from the first missing
 *   value on
 */
export function stack(values, keys) {
  let sum = 0;
  return keys.map((key) => {
    const low = sum;
    const value = values[key] ?? null;
    sum = sum === null || value === null ? null : sum + value;
    return { key, low, high: sum };
  });
}
