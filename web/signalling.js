/** The WebSocket over which offers and answers travel. */

import { parseSignal, subprotocols } from './messages.js';
import { closedProblem, refusedProblem, unansweredProblem } from './problems.js';

/** Time for the WebSocket to open. */
export const TIMEOUT_MS = 5000;
/** Time for an offer to be answered: nodes of the server may load a model first. */
export const ANSWER_TIMEOUT_MS = 60_000;

export class Signalling {
  /**
   * Called once when the server ends the session or the socket breaks.
   *
   * @type {(problem: import('./problems.js').Problem) => void}
   */
  onclosed = () => {};

  #socket;
  #pending = null;
  /** What the server said before the end. */
  #problem = null;

  /** @param {WebSocket} socket that is open */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(String(event.data));
    socket.onclose = () => this.#ended();
  }

  /**
   * @param {string} address
   * @param {string} token empty for none
   * @param {AbortSignal} abort gives up
   * @param {typeof WebSocket} [Socket]
   * @returns {Promise<Signalling>} rejected with a plain Error if the socket does not open in time
   */
  static open(address, token, abort, Socket = WebSocket) {
    return new Promise((resolve, reject) => {
      const socket = new Socket(address, subprotocols(token));
      const timer = setTimeout(() => fail('no connection in time'), TIMEOUT_MS);
      const settle = () => {
        clearTimeout(timer);
        abort.removeEventListener('abort', cancel);
        socket.onopen = socket.onclose = null;
      };
      const fail = (why) => {
        settle();
        socket.close();
        reject(new Error(why));
      };
      const cancel = () => fail('stopped');
      abort.addEventListener('abort', cancel);
      socket.onclose = () => fail('refused');
      socket.onopen = () => {
        settle();
        resolve(new Signalling(socket));
      };
    });
  }

  /**
   * One offer at a time.
   *
   * @param {string} sdp
   * @returns {Promise<{sdp: string, session_id: string}>} rejected with a Problem
   */
  offer(sdp) {
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#settle('reject', unansweredProblem());
      const timer = setTimeout(giveUp, ANSWER_TIMEOUT_MS);
      this.#pending = { resolve, reject, timer };
      this.#send({ type: 'offer', sdp });
    });
  }

  /** Tells the server that the session is over. `onclosed` is not called any more. */
  close() {
    this.onclosed = () => {};
    this.#send({ type: 'close' });
    this.#socket.close();
  }

  #send(message) {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #receive(json) {
    const signal = parseSignal(json);
    if (signal.type === 'answer') this.#settle('resolve', signal);
    if (signal.type === 'error') {
      this.#problem = refusedProblem(signal);
      this.#settle('reject', this.#problem);
    }
    if (signal.type === 'closed') {
      this.#problem = closedProblem(signal.reason);
      this.#socket.close();
      this.#ended();
    }
  }

  #settle(how, value) {
    const pending = this.#pending;
    this.#pending = null;
    if (!pending) return;
    clearTimeout(pending.timer);
    pending[how](value);
  }

  #ended() {
    this.#settle('reject', this.#problem ?? unansweredProblem());
    const { onclosed } = this;
    this.onclosed = () => {};
    onclosed(this.#problem ?? closedProblem(''));
  }
}
