/** What the browser measures of the connection. */

const finite = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const milliseconds = (seconds) => (finite(seconds) === null ? null : seconds * 1000);

/**
 * @typedef {{rtt_ms: number | null, jitter_ms: number | null, buffer_ms: number | null,
 *   lost: number | null, concealed_ms: number | null, counters: Record<string, number | null>}}
 *   BrowserFigures `buffer_ms` is the browser's jitter buffer since the report before;
 *   `concealed_ms` is audio that it made up, in total
 */

function selectedPair(entries) {
  const transport = entries.find((entry) => entry.type === 'transport');
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair');
  return pairs.find((pair) => pair.id === transport?.selectedCandidatePairId)
    ?? pairs.find((pair) => pair.selected)
    ?? pairs.find((pair) => pair.nominated && pair.state === 'succeeded');
}

/**
 * @param {Iterable<any>} report the values of an RTCStatsReport
 * @param {BrowserFigures | null} before the figures of the report before
 * @param {number} [rate_hz] of the decoded audio; Opus is decoded at 48 kHz
 * @returns {BrowserFigures}
 */
export function readStats(report, before, rate_hz = 48_000) {
  const entries = [...report];
  const audio = (entry) => (entry.kind ?? entry.mediaType) === 'audio';
  const inbound = entries.find((entry) => entry.type === 'inbound-rtp' && audio(entry)) ?? {};
  const outbound = entries.find((entry) => entry.type === 'remote-inbound-rtp' && audio(entry));
  const counters = {
    delay_s: finite(inbound.jitterBufferDelay),
    emitted: finite(inbound.jitterBufferEmittedCount),
  };
  const concealed = finite(inbound.concealedSamples);
  return {
    rtt_ms: milliseconds(selectedPair(entries)?.currentRoundTripTime)
      ?? milliseconds(outbound?.roundTripTime),
    jitter_ms: milliseconds(inbound.jitter),
    buffer_ms: recentBuffer(counters, before),
    lost: finite(inbound.packetsLost),
    concealed_ms: concealed === null ? null : (concealed / rate_hz) * 1000,
    counters,
  };
}

function recentBuffer(counters, before) {
  if (counters.delay_s === null || counters.emitted === null) return null;
  const emitted = counters.emitted - (before?.counters.emitted ?? 0);
  const delay_s = counters.delay_s - (before?.counters.delay_s ?? 0);
  if (emitted <= 0 || delay_s < 0) return before?.buffer_ms ?? null;
  return (delay_s / emitted) * 1000;
}
