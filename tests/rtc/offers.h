#pragma once

#include <string>
#include <string_view>

/// Offers in the form that browsers send, with the lines that have tripped other endpoints.
namespace remotemedia::rtc::test {

inline constexpr std::string_view kFingerprint =
    "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:"
    "F9";

inline std::string chromium_offer() {
  return "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
         "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS stream\r\n"
         "m=audio 40000 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 192.0.2.10\r\n"
         "a=rtcp:9 IN IP4 0.0.0.0\r\n"
         "a=candidate:1 1 udp 2122260223 192.0.2.10 40000 typ host generation 0 network-id 1\r\n"
         "a=candidate:2 1 tcp 1518280447 192.0.2.10 9 typ host tcptype active generation 0\r\n"
         "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-options:trickle\r\n"
         "a=fingerprint:sha-256 " +
         std::string(kFingerprint) +
         "\r\na=setup:actpass\r\na=mid:0\r\n"
         "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
         "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
         "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
         "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
         "a=sendrecv\r\na=msid:stream track\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
         "a=rtcp-xr:rcvr-rtt=all\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
         "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n"
         "a=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n"
         "a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
         "a=rtpmap:126 telephone-event/8000\r\na=ssrc:1234567 cname:abc\r\n"
         "a=ssrc:1234567 msid:stream track\r\n"
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-options:trickle\r\n"
         "a=fingerprint:sha-256 " +
         std::string(kFingerprint) +
         "\r\na=setup:actpass\r\na=mid:1\r\n"
         "a=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

/// Session-level fingerprint and direction, bundle-only with port 0, names as candidates.
inline std::string firefox_offer() {
  return "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 5223372036854775807 0 IN IP4 0.0.0.0\r\n"
         "s=-\r\nt=0 0\r\na=sendrecv\r\n"
         "a=fingerprint:sha-256 " +
         std::string(kFingerprint) +
         "\r\n"
         "a=group:BUNDLE 0 1\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n"
         "m=audio 51234 UDP/TLS/RTP/SAVPF 109 9 0 8 101\r\nc=IN IP4 198.51.100.7\r\n"
         "a=candidate:0 1 UDP 2122252543 4c3a8d7e-aaaa-4b5b-8c8c-0123456789ab.local 51234 typ "
         "host\r\n"
         "a=candidate:0 2 UDP 2122252542 198.51.100.7 51235 typ host\r\n"
         "a=sendrecv\r\na=end-of-candidates\r\n"
         "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
         "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\r\n"
         "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
         "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\na=fmtp:101 0-15\r\n"
         "a=ice-pwd:0123456789abcdef0123456789abcdef\r\na=ice-ufrag:89abcdef\r\na=mid:0\r\n"
         "a=msid:{aaaa} {bbbb}\r\na=rtcp:51235 IN IP4 198.51.100.7\r\na=rtcp-mux\r\n"
         "a=rtpmap:109 opus/48000/2\r\na=rtpmap:9 G722/8000/1\r\na=rtpmap:0 PCMU/8000\r\n"
         "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000/1\r\na=setup:actpass\r\n"
         "a=ssrc:987654321 cname:{cccc}\r\n"
         "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=bundle-only\r\na=sendrecv\r\na=ice-pwd:0123456789abcdef0123456789abcdef\r\n"
         "a=ice-ufrag:89abcdef\r\na=mid:1\r\na=setup:actpass\r\na=sctp-port:5000\r\n"
         "a=max-message-size:1073741823\r\n";
}

/// Audio after video, everything bundled, mDNS candidates only.
inline std::string safari_offer() {
  return "v=0\r\no=- 8403615332048243445 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
         "a=group:BUNDLE video audio\r\na=msid-semantic: WMS s\r\n"
         "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
         "a=candidate:1 1 udp 2113937151 0f1e2d3c-0000-4000-8000-000000000000.local 60000 typ "
         "host\r\n"
         "a=ice-ufrag:9YzK\r\na=ice-pwd:kPsDTVwCjkDkHgKhS7f3bGrx\r\n"
         "a=fingerprint:sha-256 " +
         std::string(kFingerprint) +
         "\r\na=setup:actpass\r\n"
         "a=mid:video\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\n"
         "m=audio 0 UDP/TLS/RTP/SAVPF 111 9\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\n"
         "a=mid:audio\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
         "a=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
         "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:9 G722/8000\r\n";
}

/// The text with every `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace remotemedia::rtc::test
