/** Meters, speech lamp and timeline: what is heard, as it happens. */

import { LevelMeter } from './level_meter.js';
import { SpeechTrack } from './speech_track.js';
import { Timeline } from './timeline.js';

/** With reduced motion the picture moves on in steps instead of flowing. */
const CALM_STEP_S = 1;

export class SoundView {
  #speech = new SpeechTrack();
  #timeline = new Timeline(document.getElementById('timeline'), this.#speech);
  #sent = new LevelMeter(document.getElementById('meter-sent'));
  #returned = new LevelMeter(document.getElementById('meter-returned'));
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  /** @type {AudioContext | null} */
  #context = null;
  #frame = 0;
  #drawn_at_s = 0;
  #utterances = 0;

  /** Called in the click, so that the browser lets audio run. */
  prepare() {
    this.#context ??= new AudioContext();
    this.#context.resume();
  }

  /** @param {MediaStreamTrack} track of the microphone */
  start(track) {
    this.#speech.clear();
    this.#timeline.clear();
    this.#utterances = 0;
    // Without a click Firefox lets audio run only once a microphone is open.
    this.#context.resume();
    this.#sent.attach(this.#context, track);
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#step());
    this.#showSpeech();
  }

  /** @param {MediaStreamTrack} track of another microphone */
  replaceSent(track) {
    this.#sent.attach(this.#context, track);
  }

  /** @param {MediaStreamTrack} track that comes back */
  attachReturned(track) {
    this.#returned.attach(this.#context, track);
  }

  /** @param {{event: 'start' | 'end', time_s: number | null, node_id: string}} message */
  addSpeech(message) {
    this.#speech.add(message, performance.now() / 1000);
    if (message.event === 'start') this.#utterances += 1;
    this.#showSpeech();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#speech.finish(performance.now() / 1000);
    this.#sent.detach();
    this.#returned.detach();
    this.#context?.suspend();
    this.#timeline.draw();
    document.getElementById('speech-lamp').dataset.on = 'false';
    document.getElementById('speech-text').textContent = 'Off';
  }

  #step() {
    this.#frame = requestAnimationFrame(() => this.#step());
    const now_s = performance.now() / 1000;
    this.#timeline.add(now_s, this.#sent.update(now_s), this.#returned.update(now_s));
    if (this.#calm.matches && now_s - this.#drawn_at_s < CALM_STEP_S) return;
    this.#drawn_at_s = now_s;
    this.#timeline.draw();
  }

  #showSpeech() {
    const { speaking } = this.#speech;
    document.getElementById('speech-lamp').dataset.on = String(speaking);
    document.getElementById('speech-text').textContent = speaking ? 'Speech' : 'Silence';
    const times = this.#utterances === 1 ? 'once' : `${this.#utterances} times`;
    document.getElementById('timeline').setAttribute(
      'aria-label',
      `Loudness of the microphone and of the returned audio over the last 30 seconds. The server `
        + `found the start of speech ${times} in this session; now: `
        + `${speaking ? 'speech' : 'silence'}.`,
    );
  }
}
