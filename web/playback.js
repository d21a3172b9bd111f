/** Plays the audio that comes back. */

export class Playback {
  #audio;

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#audio = audio;
  }

  /**
   * Takes the permission to play from a click, before there is anything to play.
   */
  prepare() {
    this.#audio.srcObject = new MediaStream();
    this.#audio.play().catch(() => {});
  }

  /**
   * @param {MediaStreamTrack} track
   * @returns {Promise<boolean>} false if the browser wants a click first
   */
  async play(track) {
    this.#audio.srcObject = new MediaStream([track]);
    return this.resume();
  }

  /** @returns {Promise<boolean>} false if the browser wants a click first */
  async resume() {
    try {
      await this.#audio.play();
      return true;
    } catch (error) {
      return error.name !== 'NotAllowedError';
    }
  }

  stop() {
    this.#audio.srcObject = null;
  }

  /** @param {number} volume 0 to 1 @param {boolean} muted */
  setVolume(volume, muted) {
    this.#audio.volume = volume;
    this.#audio.muted = muted;
  }

  /** @param {string} device id, empty for the default @returns {Promise<void>} */
  async setSpeaker(device) {
    await this.#audio.setSinkId?.(device);
  }
}
