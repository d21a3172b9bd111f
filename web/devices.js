/** Microphones and loudspeakers. */

import { insecureProblem, microphoneProblem } from './problems.js';

/** @returns {boolean} whether the page can choose where sound comes out */
export const canChooseSpeaker = () => 'setSinkId' in HTMLMediaElement.prototype;

/**
 * Opens a microphone: one channel, without video.
 *
 * @param {{microphone: string, echoCancellation: boolean, noiseSuppression: boolean,
 *   autoGainControl: boolean}} wanted `microphone` is a device id, empty for the default
 * @returns {Promise<MediaStreamTrack>} rejected with a Problem
 */
export async function openMicrophone(wanted) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw insecureProblem();
  const { microphone, echoCancellation, noiseSuppression, autoGainControl } = wanted;
  const audio = {
    echoCancellation,
    noiseSuppression,
    autoGainControl,
    channelCount: { ideal: 1 },
    sampleRate: { ideal: 48_000 },
    ...(microphone && { deviceId: { exact: microphone } }),
  };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    return stream.getAudioTracks()[0];
  } catch (error) {
    throw microphoneProblem(error);
  }
}

/**
 * Fills a list of devices and keeps the choice. Before the first permission browsers name none.
 *
 * @param {HTMLSelectElement} select
 * @param {'audioinput' | 'audiooutput'} kind
 * @param {string} [wanted] device id to choose if it is there
 */
export async function listDevices(select, kind, wanted = select.value) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const named = devices.filter((device) => device.kind === kind && device.deviceId
    && device.deviceId !== 'default');
  const options = [new Option('System default', '')];
  named.forEach((device, index) => {
    options.push(new Option(device.label || `Device ${index + 1}`, device.deviceId));
  });
  select.replaceChildren(...options);
  select.value = named.some((device) => device.deviceId === wanted) ? wanted : '';
}

/** @param {() => void} changed called when devices come or go */
export function watchDevices(changed) {
  navigator.mediaDevices?.addEventListener('devicechange', changed);
}
