/**
 * One session from Start to its end: signalling, then media, one attempt to restore a connection
 * that is lost, and an orderly end.
 */

import { Connection } from './connection.js';
import { Signalling } from './signalling.js';
import {
  Problem, lostProblem, noMediaProblem, refusedProblem, unreachableProblem,
} from './problems.js';

/** Time for audio to flow after an answer. */
export const MEDIA_TIMEOUT_MS = 10_000;
/** A connection that says it is interrupted often returns by itself within this time. */
export const PATIENCE_MS = 3000;

/** @typedef {'connecting' | 'media' | 'running' | 'restoring' | 'ended'} Phase */

export class Call {
  /** @type {Phase} */
  #phase = 'connecting';
  #abort = new AbortController();
  #signalling = null;
  #connection = null;
  #timer;
  #handlers;
  #make;

  /**
   * @param {{onPhase: (phase: Phase) => void, onEnd: (problem: Problem | null) => void,
   *   onTrack: (track: MediaStreamTrack) => void, onMessage: (json: string) => void,
   *   onChannel: (open: boolean) => void}} handlers `onEnd` comes once, without a problem after
   *   `stop`
   * @param {{signalling: typeof Signalling.open, connection: (track: MediaStreamTrack,
   *   handlers: object) => Connection, isAlive: (url: URL) => Promise<boolean>}} [make]
   */
  constructor(handlers, make = {
    signalling: Signalling.open,
    connection: (track, connectionHandlers) => new Connection(track, connectionHandlers),
    isAlive,
  }) {
    this.#handlers = handlers;
    this.#make = make;
  }

  /** @returns {Phase} */
  get phase() {
    return this.#phase;
  }

  /**
   * @param {{url: URL, token: string, track: MediaStreamTrack}} where
   * @returns {Promise<void>} when the offer is answered or the call has ended; never rejected
   */
  async start({ url, token, track }) {
    try {
      this.#handlers.onPhase('connecting');
      this.#signalling = await this.#openSignalling(url, token);
      if (this.#ended) return this.#signalling.close();
      this.#signalling.onclosed = (problem) => this.#end(problem);
      this.#connection = this.#make.connection(track, {
        ...this.#handlers,
        onState: (state) => this.#connectionState(state),
      });
      await this.#negotiate(false);
      this.#enter('media');
      this.#limit(MEDIA_TIMEOUT_MS, noMediaProblem);
    } catch (error) {
      this.#end(asProblem(error));
    }
  }

  /** Ends the session; the server is told. */
  stop() {
    this.#end(null);
  }

  /** @param {object} message @returns {boolean} false if it cannot be sent now */
  send(message) {
    return this.#connection?.send(message) ?? false;
  }

  /** @param {MediaStreamTrack} track of another microphone @returns {Promise<void>} */
  async replaceTrack(track) {
    await this.#connection?.replaceTrack(track);
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.#ended ? null : this.#connection?.stats() ?? null;
  }

  get #ended() {
    return this.#phase === 'ended';
  }

  async #openSignalling(url, token) {
    try {
      return await this.#make.signalling(url.href, token, this.#abort.signal);
    } catch (error) {
      if (this.#ended) throw error;
      throw unreachableProblem(url.host, (await this.#make.isAlive(url)) ? 'alive' : 'silent');
    }
  }

  async #negotiate(iceRestart) {
    const sdp = await this.#connection.createOffer(iceRestart);
    const answer = await this.#signalling.offer(sdp);
    if (!this.#ended) await this.#connection.acceptAnswer(answer.sdp);
  }

  #connectionState(state) {
    if (this.#ended) return;
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#enter('running');
    } else if (state === 'failed') {
      this.#failed();
    } else if (state === 'disconnected' && this.#phase === 'running') {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#restore(), PATIENCE_MS);
    }
  }

  #failed() {
    if (this.#phase === 'running') this.#restore();
    else this.#end(this.#phase === 'restoring' ? lostProblem() : noMediaProblem());
  }

  async #restore() {
    this.#enter('restoring');
    this.#limit(MEDIA_TIMEOUT_MS, lostProblem);
    try {
      await this.#negotiate(true);
    } catch {
      this.#end(lostProblem());
    }
  }

  #limit(time_ms, problem) {
    clearTimeout(this.#timer);
    if (this.#phase === 'running' || this.#ended) return;
    this.#timer = setTimeout(() => this.#end(problem()), time_ms);
  }

  #enter(phase) {
    if (this.#ended || phase === this.#phase) return;
    if (phase === 'media' && this.#phase === 'running') return;
    this.#phase = phase;
    this.#handlers.onPhase(phase);
  }

  #end(problem) {
    if (this.#ended) return;
    this.#phase = 'ended';
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#connection?.close();
    this.#signalling?.close();
    this.#handlers.onPhase('ended');
    this.#handlers.onEnd(problem);
  }
}

function asProblem(error) {
  if (error instanceof Problem) return error;
  return refusedProblem({ message: error.message ?? '', code: null, retry_after_s: null });
}

/** A refused WebSocket does not say why; a server of ours that lives answers `/health`. */
async function isAlive(url) {
  try {
    const health = new URL('/health', url.href.replace(/^ws/, 'http'));
    return (await fetch(health, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
