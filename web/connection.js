/** The peer connection: one audio track each way and the data channel `messages`. */

export class Connection {
  #peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  #channel;
  #sender;

  /**
   * @param {MediaStreamTrack} track of the microphone
   * @param {{onState: (state: RTCPeerConnectionState) => void,
   *   onTrack: (track: MediaStreamTrack) => void, onMessage: (json: string) => void,
   *   onChannel: (open: boolean) => void}} handlers
   */
  constructor(track, { onState, onTrack, onMessage, onChannel }) {
    this.#channel = this.#peer.createDataChannel('messages', { ordered: true });
    this.#channel.onopen = () => onChannel(true);
    this.#channel.onclose = () => onChannel(false);
    this.#channel.onmessage = (event) => onMessage(String(event.data));
    const { sender } = this.#peer.addTransceiver(track, {
      direction: 'sendrecv',
      streams: [new MediaStream([track])],
    });
    this.#sender = sender;
    this.#peer.ontrack = (event) => onTrack(event.track);
    this.#peer.onconnectionstatechange = () => onState(this.#peer.connectionState);
  }

  /**
   * The server learns our addresses from the checks that we send, so nothing is gathered first.
   *
   * @param {boolean} iceRestart
   * @returns {Promise<string>} the description to send
   */
  async createOffer(iceRestart) {
    const offer = await this.#peer.createOffer({ iceRestart });
    await this.#peer.setLocalDescription(offer);
    return offer.sdp;
  }

  /** @param {string} sdp */
  async acceptAnswer(sdp) {
    await this.#peer.setRemoteDescription({ type: 'answer', sdp });
  }

  /** @param {object} message @returns {boolean} false if the channel is not open */
  send(message) {
    if (this.#channel.readyState !== 'open') return false;
    this.#channel.send(JSON.stringify(message));
    return true;
  }

  /** @param {MediaStreamTrack} track @returns {Promise<void>} */
  replaceTrack(track) {
    return this.#sender.replaceTrack(track);
  }

  /** @returns {Promise<RTCStatsReport>} */
  stats() {
    return this.#peer.getStats();
  }

  close() {
    this.#peer.onconnectionstatechange = null;
    this.#channel.onclose = this.#channel.onmessage = null;
    this.#peer.close();
  }
}
