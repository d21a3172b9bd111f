"""A connection that is renewed or lost while it runs."""

from __future__ import annotations

import os
import signal

from serving import Server, wait_for
from tab import OpenTab

# The page's own modules, with a hand on them: the page makes a new offer only when it must.
CALL = """
(async () => {
  const { Connection } = await import('/connection.js');
  const { Signalling } = await import('/signalling.js');
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const [track] = (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks();
  window.hand = { states: [] };
  hand.connection = new Connection(track, {
    onState: (state) => hand.states.push(state),
    onTrack: (returned) => {
      hand.heard = new MediaStream([returned]);
      const player = new Audio();
      player.srcObject = hand.heard;
      player.play();
    },
    onMessage() {},
    onChannel() {},
  });
  const address = `ws://${location.host}/ws`;
  const signalling = await Signalling.open(address, '', new AbortController().signal);
  hand.offer = async (restart) => {
    const sdp = await hand.connection.createOffer(restart);
    const answer = await signalling.offer(sdp);
    await hand.connection.acceptAnswer(answer.sdp);
    const name = (text) => text.match(/a=ice-ufrag:(\\S+)/)[1];
    return { ours: name(sdp), theirs: name(answer.sdp), id: answer.session_id };
  };
  return hand.offer(false);
})()
"""
CONNECTED_AS = """
async (ours) => [...(await hand.connection.stats()).values()].some((one) =>
  one.type === 'transport' && one.iceLocalUsernameFragment === ours
  && one.iceState === 'connected')
"""


def test_an_offer_on_the_same_socket_restarts_ice_and_the_tone_goes_on(
    echo: Server, open_tab: OpenTab
) -> None:
    tab = open_tab(echo)
    first = tab.page.evaluate(CALL)
    wait_for("a connection", lambda: tab.page.evaluate(CONNECTED_AS, first["ours"]))
    tab.wait_for_tone("hand.heard")
    second = tab.page.evaluate("hand.offer(true)")
    assert second["id"] == first["id"]
    assert second["ours"] != first["ours"]
    assert second["theirs"] != first["theirs"]
    wait_for("the new connection", lambda: tab.page.evaluate(CONNECTED_AS, second["ours"]))
    tab.wait_for_tone("hand.heard")
    assert "failed" not in tab.page.evaluate("hand.states")
    (session,) = echo.sessions()
    assert session["id"] == first["id"]


def test_the_page_restores_a_connection_that_is_interrupted(
    echo: Server, open_tab: OpenTab
) -> None:
    tab = open_tab(echo).start()
    (before,) = echo.sessions()
    # A server that does not run answers no checks, as one behind a broken network.
    os.kill(echo.pid, signal.SIGSTOP)
    try:
        tab.wait_for_phase("restoring")
    finally:
        os.kill(echo.pid, signal.SIGCONT)
    tab.wait_for_phase("running")
    tab.wait_for_tone()
    (after,) = echo.sessions()
    assert after["id"] == before["id"]
    assert "restoring it" in tab.text_of("#log")
