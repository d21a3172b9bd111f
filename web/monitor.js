/** Takes the figures of a running session, from the server and the browser, to their views. */

import { readStats } from './browser_stats.js';
import { DelayView } from './delay_view.js';
import { NodeView } from './node_view.js';
import { showElapsed } from './status.js';

const STATS_EVERY_MS = 1000;

export class Monitor {
  #delay = new DelayView();
  #nodes = new NodeView();
  #browser = null;
  #timer;

  /** @param {() => Promise<RTCStatsReport | null>} stats of the running call */
  start(stats) {
    this.stop();
    this.#browser = null;
    this.#delay.clear();
    this.#nodes.clear();
    showPipeline(null);
    this.#timer = setInterval(() => this.#poll(stats), STATS_EVERY_MS);
  }

  /** The last figures stay to be read. */
  stop() {
    clearInterval(this.#timer);
  }

  /** @param {any} metrics a `metrics` message */
  addMetrics(metrics) {
    const now_s = performance.now() / 1000;
    this.#delay.add(now_s, metrics, this.#browser);
    this.#nodes.add(now_s, metrics.nodes);
  }

  async #poll(stats) {
    showElapsed();
    const report = await stats();
    if (report) this.#browser = readStats(report.values(), this.#browser);
  }
}

/** @param {any} session a `session` message; null for none yet */
export function showPipeline(session) {
  const chain = document.getElementById('chain');
  const nodes = session?.pipeline.nodes ?? [];
  chain.hidden = nodes.length === 0;
  chain.replaceChildren(...nodes.map((node) => {
    const item = document.createElement('li');
    item.textContent = node.node_id;
    item.title = node.node_type;
    return item;
  }));
  document.getElementById('pipeline').textContent = session ? describe(session) : '';
}

function describe({ pipeline, version, input_rate, output_rate, barge_in, session_id }) {
  const kilohertz = (rate) => `${rate / 1000} kHz`;
  return [
    pipeline.name,
    input_rate && output_rate && `${kilohertz(input_rate)} in, ${kilohertz(output_rate)} out`,
    barge_in && 'speech interrupts playback',
    version && `server ${version}`,
    session_id && `session ${session_id.slice(0, 8)}`,
  ].filter(Boolean).join(' · ');
}
