/** A bar that shows how loud a track is. */

import { formatDecibels } from './format.js';
import { FLOOR_DB, advanceMeter, measure, meterShare } from './levels.js';

/** Screen readers ask for the value; it need not change faster than it can be read. */
const TEXT_EVERY_S = 0.5;

export class LevelMeter {
  #root;
  #bar;
  #mark;
  #text;
  #context = null;
  #source = null;
  #analyser = null;
  #samples = null;
  #state = null;
  #text_at_s = 0;

  /** @param {HTMLElement} root with `.bar`, `.mark` and `.value` inside */
  constructor(root) {
    this.#root = root;
    this.#bar = root.querySelector('.bar');
    this.#mark = root.querySelector('.mark');
    this.#text = root.querySelector('.value');
    this.#draw(null);
  }

  /** @param {AudioContext} context @param {MediaStreamTrack} track */
  attach(context, track) {
    this.#source?.disconnect();
    this.#context = context;
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  detach() {
    this.#source?.disconnect();
    this.#source = this.#analyser = this.#state = null;
    this.#draw(null);
  }

  /**
   * Measures and draws.
   *
   * @param {number} now_s
   * @returns {number} RMS of the last 43 ms in dBFS, not below -60
   */
  update(now_s) {
    if (!this.#analyser || this.#context.state !== 'running') return FLOOR_DB;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const measured = measure(this.#samples);
    this.#state = advanceMeter(this.#state, measured, now_s);
    this.#draw(this.#state);
    if (now_s - this.#text_at_s >= TEXT_EVERY_S) this.#write(now_s);
    return measured.rms_db;
  }

  #draw(state) {
    const share = state ? meterShare(state.level_db) : 0;
    this.#bar.style.transform = `scaleX(${share.toFixed(3)})`;
    this.#mark.style.left = `${(state ? meterShare(state.hold_db) : 0) * 100}%`;
    this.#mark.hidden = !state;
    if (!state) this.#show(FLOOR_DB, '–');
  }

  #write(now_s) {
    this.#text_at_s = now_s;
    const { level_db } = this.#state;
    this.#show(level_db, level_db <= FLOOR_DB ? 'silent' : `${formatDecibels(level_db)} dB`);
  }

  #show(level_db, text) {
    this.#root.setAttribute('aria-valuenow', Math.round(level_db));
    this.#root.setAttribute('aria-valuetext', text === '–' ? 'off' : text);
    this.#text.textContent = text;
  }
}
