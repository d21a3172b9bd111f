/**
 * When there was speech, on the page's clock. Events carry seconds of the audio that the server
 * got, and arrive later: the smallest lateness seen is taken for the distance of the two clocks.
 */

const MOST_INTERVALS = 400;

/** @typedef {{node_id: string, start_s: number, end_s: number | null}} SpeechInterval */

export class SpeechTrack {
  /** @type {SpeechInterval[]} in seconds of the audio */
  #intervals = [];
  #offset_s = Infinity;

  clear() {
    this.#intervals = [];
    this.#offset_s = Infinity;
  }

  /**
   * @param {{event: 'start' | 'end', time_s: number | null, node_id: string}} message
   * @param {number} arrival_s on the page's clock
   */
  add(message, arrival_s) {
    const time_s = message.time_s ?? this.#audioTime(arrival_s);
    this.#offset_s = Math.min(this.#offset_s, arrival_s - time_s);
    const open = this.#open(message.node_id);
    if (message.event === 'start' && !open) {
      this.#intervals.push({ node_id: message.node_id, start_s: time_s, end_s: null });
      if (this.#intervals.length > MOST_INTERVALS) this.#intervals.shift();
    } else if (message.event === 'end' && open) {
      open.end_s = Math.max(open.start_s, time_s);
    }
  }

  /** @returns {boolean} whether any node hears speech now */
  get speaking() {
    return this.#intervals.some((interval) => interval.end_s === null);
  }

  /** Ends what is open: no more events will come. @param {number} now_s on the page's clock */
  finish(now_s) {
    for (const interval of this.#intervals) {
      interval.end_s ??= Math.max(interval.start_s, this.#audioTime(now_s));
    }
  }

  /**
   * @param {number} from_s on the page's clock
   * @param {number} to_s
   * @returns {SpeechInterval[]} on the page's clock, cut to the window; open ones end at `to_s`
   */
  between(from_s, to_s) {
    return this.#intervals
      .map(({ node_id, start_s, end_s }) => ({
        node_id,
        start_s: Math.max(from_s, start_s + this.#offset_s),
        end_s: Math.min(to_s, end_s === null ? to_s : end_s + this.#offset_s),
      }))
      .filter((interval) => interval.end_s > interval.start_s);
  }

  #open(node_id) {
    return this.#intervals.find((one) => one.node_id === node_id && one.end_s === null);
  }

  #audioTime(page_s) {
    return Number.isFinite(this.#offset_s) ? page_s - this.#offset_s : 0;
  }
}
