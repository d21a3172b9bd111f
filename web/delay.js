/** The delay from the microphone to the loudspeaker, put together from its parts. */

/** An Opus packet holds 20 ms, and can leave only when it is full: once each way. */
export const PACKETS_MS = 40;

/** Parts in the order of the chart, from the lowest band up. */
export const DELAY_PARTS = ['packets', 'network', 'server', 'browser'];

/**
 * @param {{server_ms: number | null, browser_ms: number | null, rtt_ms: number | null}} measured
 *   `server_ms`: jitter buffer, processing and send queue of the server; `browser_ms`: jitter
 *   buffer of the browser; `rtt_ms`: there and back
 * @returns {{total_ms: number | null, parts: Record<string, number | null>}} no total while a part
 *   is missing
 */
export function composeDelay({ server_ms, browser_ms, rtt_ms }) {
  const parts = { packets: PACKETS_MS, network: rtt_ms, server: server_ms, browser: browser_ms };
  const values = DELAY_PARTS.map((part) => parts[part]);
  if (values.some((value) => value === null)) return { total_ms: null, parts };
  return { total_ms: values.reduce((sum, value) => sum + value, 0), parts };
}
