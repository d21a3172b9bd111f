/** How numbers are written on the page. What is not known is written as a dash. */

export const UNKNOWN = '–';

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** Three digits where there is something to tell, no more than two of them after the point. */
function digits(value) {
  const size = Math.abs(value);
  if (size >= 99.95 || value === 0) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

/**
 * @param {number | null | undefined} us microseconds
 * @returns {string} with its unit: µs, ms or s
 */
export function formatMicroseconds(us) {
  if (!isNumber(us)) return UNKNOWN;
  if (Math.abs(us) < 999.5) return `${digits(us)} µs`;
  if (Math.abs(us) < 999_500) return `${digits(us / 1e3)} ms`;
  return `${digits(us / 1e6)} s`;
}

/**
 * @param {number} us microseconds, a round number
 * @returns {string} with its unit, without zeros after the point
 */
export function formatTick(us) {
  return formatMicroseconds(us).replace(/(\.\d*?)0+(?=\s)/, '$1').replace(/\.(?=\s)/, '');
}

/**
 * @param {number | null | undefined} ms milliseconds
 * @returns {string} without a unit; one decimal below 10
 */
export function formatMilliseconds(ms) {
  if (!isNumber(ms)) return UNKNOWN;
  return ms.toFixed(Math.abs(ms) < 9.95 && ms !== 0 ? 1 : 0);
}

/**
 * @param {number | null | undefined} percent 0 to 100
 * @returns {string} without the sign; two decimals below 1
 */
export function formatPercent(percent) {
  if (!isNumber(percent)) return UNKNOWN;
  if (percent === 0) return '0';
  return percent.toFixed(percent < 0.995 ? 2 : 1);
}

/**
 * @param {number | null | undefined} count
 * @returns {string} in groups of three digits
 */
export function formatCount(count) {
  if (!isNumber(count)) return UNKNOWN;
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/**
 * @param {number | null | undefined} db
 * @returns {string} with a true minus sign, without the unit
 */
export function formatDecibels(db) {
  if (!isNumber(db)) return '−∞';
  return Math.round(db).toString().replace('-', '−');
}

/**
 * @param {number} seconds
 * @returns {string} m:ss, or h:mm:ss from one hour
 */
export function formatElapsed(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${pad(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

/**
 * @param {Date} date
 * @returns {string} local time, hh:mm:ss
 */
export function formatClock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0')).join(':');
}
