/** Loudness of samples, and how a meter falls. */

export const FLOOR_DB = -60;

const FALL_DB_PER_S = 30;
const HOLD_S = 1.5;

/**
 * @param {Float32Array} samples full scale is 1
 * @returns {{rms_db: number, peak_db: number}} dBFS, not below `FLOOR_DB`
 */
export function measure(samples) {
  let sum = 0;
  let peak = 0;
  for (const sample of samples) {
    sum += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  const decibels = (value) => Math.max(FLOOR_DB, 20 * Math.log10(value || 1e-9));
  return { rms_db: decibels(Math.sqrt(sum / (samples.length || 1))), peak_db: decibels(peak) };
}

/** @param {number} db @returns {number} its place on a meter, 0 to 1 */
export function meterShare(db) {
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/**
 * @typedef {{level_db: number, hold_db: number, held_at_s: number, time_s: number}} MeterState
 */

/**
 * A meter rises at once and falls slowly; its mark stays at the highest peak for a while.
 *
 * @param {MeterState | null} state
 * @param {{rms_db: number, peak_db: number}} measured
 * @param {number} time_s
 * @returns {MeterState}
 */
export function advanceMeter(state, measured, time_s) {
  if (!state) {
    return { level_db: measured.rms_db, hold_db: measured.peak_db, held_at_s: time_s, time_s };
  }
  const fall = FALL_DB_PER_S * (time_s - state.time_s);
  const level_db = Math.max(FLOOR_DB, measured.rms_db, state.level_db - fall);
  if (measured.peak_db >= state.hold_db || time_s - state.held_at_s > HOLD_S) {
    return { level_db, hold_db: measured.peak_db, held_at_s: time_s, time_s };
  }
  return { ...state, level_db, time_s };
}
