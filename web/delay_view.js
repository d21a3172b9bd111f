/** The tiles with the numbers of the connection, and the chart of the delay. */

import { Chart } from './chart.js';
import { DELAY_PARTS, PACKETS_MS, composeDelay } from './delay.js';
import { formatCount, formatMicroseconds, formatMilliseconds, formatPercent } from './format.js';
import { SeriesWindow } from './series.js';

const SPAN_S = 60;
const NAMES = {
  packets: 'Packets',
  network: 'Network, both ways',
  server: 'Server',
  browser: 'Browser buffer',
};

const write = (id, text) => {
  const element = document.getElementById(id);
  if (element.textContent !== text) element.textContent = text;
};

export class DelayView {
  #window = new SeriesWindow(SPAN_S, SPAN_S * 4);
  #chart;
  #legend = new Map();
  #newest = { time_s: 0, values: {} };

  constructor() {
    const items = DELAY_PARTS.map((part, index) => this.#legendItem(part, index)).reverse();
    document.getElementById('delay-legend').replaceChildren(...items);
    this.#chart = new Chart(document.getElementById('delay-chart'), {
      span_s: SPAN_S,
      stacked: true,
      format: (value) => `${Math.round(value)} ms`,
      describe: () => this.#describe(),
      onCursor: (row) => this.#showLegend(row ?? this.#newest),
    });
    this.clear();
  }

  clear() {
    this.#window.clear();
    this.#newest = { time_s: 0, values: {} };
    this.#chart.update(this.#series(), []);
    this.#showTiles(null, null, composeDelay({ server_ms: null, browser_ms: null, rtt_ms: null }));
  }

  /**
   * @param {number} time_s on the page's clock
   * @param {any} metrics the last `metrics` message
   * @param {import('./browser_stats.js').BrowserFigures | null} browser
   */
  add(time_s, metrics, browser) {
    const delay = composeDelay({
      server_ms: metrics.session.delay_ms,
      browser_ms: browser?.buffer_ms ?? null,
      rtt_ms: browser?.rtt_ms ?? metrics.session.rtt_ms,
    });
    this.#window.add(time_s, delay.parts);
    this.#newest = this.#window.rows.at(-1);
    this.#showTiles(metrics, browser, delay);
    this.#chart.update(this.#series(), this.#window.rows);
  }

  #series() {
    return DELAY_PARTS.map((key, colour) => ({ key, colour }));
  }

  #showTiles(metrics, browser, delay) {
    const session = metrics?.session ?? {};
    const processing = metrics?.processing_us ?? {};
    write('delay-total', formatMilliseconds(delay.total_ms));
    write('rtt', formatMilliseconds(browser?.rtt_ms ?? session.rtt_ms));
    write('jitter', formatMilliseconds(browser?.jitter_ms));
    write('jitter-detail', `server buffer ${formatMilliseconds(session.jitter_buffer_ms)} ms, `
      + `aim ${formatMilliseconds(session.jitter_target_ms)}`);
    write('loss', formatPercent(session.loss_percent));
    write('loss-detail', `returned audio ${formatPercent(session.peer_loss_percent)} %`);
    write('processing', formatMicroseconds(processing.p99));
    write('processing-detail', `median ${formatMicroseconds(processing.p50)}, `
      + `max ${formatMicroseconds(processing.max)}`);
    write('concealed', formatMilliseconds(session.concealed_ms));
    write('concealed-detail', `in the browser ${formatMilliseconds(browser?.concealed_ms)} ms`);
    write('lost', formatCount(session.lost));
    write('recovered', formatCount(session.recovered));
    write('late', formatCount(session.late));
    write('longest-gap', `${formatMilliseconds(session.longest_gap_ms)} ms`);
    write('queued', `${formatMilliseconds(session.queued_ms)} ms`);
    const drops = session.drops ?? [];
    write('drops', drops.length
      ? drops.map(({ reason, count }) => `${reason} ${formatCount(count)}`).join(', ')
      : metrics ? 'none' : formatCount(null));
  }

  #legendItem(part, colour) {
    const item = document.createElement('li');
    const swatch = document.createElement('span');
    swatch.className = `swatch colour-${colour}`;
    const value = document.createElement('b');
    item.append(swatch, `${NAMES[part]} `, value);
    this.#legend.set(part, value);
    return item;
  }

  #showLegend({ values }) {
    for (const [part, element] of this.#legend) {
      const value = part === 'packets' ? PACKETS_MS : values[part];
      const text = `${formatMilliseconds(value)} ms`;
      if (element.textContent !== text) element.textContent = text;
    }
  }

  #describe() {
    const { values } = this.#newest;
    if (this.#window.rows.length === 0) return 'Delay over the last minute: no figures yet';
    const name = (part) => `${NAMES[part]} ${formatMilliseconds(values[part])} ms`;
    return `Delay over the last minute, stacked by part. Now: ${DELAY_PARTS.map(name).join(', ')}`;
  }
}
