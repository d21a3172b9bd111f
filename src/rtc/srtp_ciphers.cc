// The ciphers of SRTP, from OpenSSL, as libsrtp2 asks for them (srtp2/cipher.h and auth.h). Debian
// builds libsrtp2 over NSS, whose AES through PKCS #11 looks up a session and an object for each
// packet, which takes twenty times as long as the cipher. libsrtp2 tests what replaces a cipher
// with the vectors of both, and with random texts.

#include "rtc/srtp_ciphers.h"

#include "remotemedia/base/check.h"
#include "rtc/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>

namespace remotemedia::rtc {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kCounterSalt = 14;
constexpr std::size_t kGcmSalt = 12;
constexpr int kLongTag = 16;
constexpr int kShortTag = 8;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

/// What libsrtp2 keeps of a cipher, and our state behind it.
struct Cipher : srtp_cipher_t {
  std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};
  std::array<std::uint8_t, kBlock> salt{};  ///< of counter mode
  int tag_size = 0;

  Cipher() = default;
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;
  ~Cipher() { OPENSSL_cleanse(salt.data(), salt.size()); }
};

Cipher& cipher_of(void* state) { return *static_cast<Cipher*>(state); }

srtp_err_status_t status_of(bool works) {
  return works ? srtp_err_status_ok : srtp_err_status_cipher_fail;
}

const EVP_CIPHER* algorithm_of(srtp_cipher_type_id_t id) {
  switch (id) {
    case SRTP_AES_ICM_128:
      return EVP_aes_128_ctr();
    case SRTP_AES_ICM_256:
      return EVP_aes_256_ctr();
    case SRTP_AES_GCM_128:
      return EVP_aes_128_gcm();
    default:
      return EVP_aes_256_gcm();
  }
}

constexpr bool is_gcm(srtp_cipher_type_id_t id) {
  return id == SRTP_AES_GCM_128 || id == SRTP_AES_GCM_256;
}

/// With the salt, which counter mode takes and GCM gets within the nonce.
int key_size(srtp_cipher_type_id_t id) {
  const std::size_t salt = is_gcm(id) ? kGcmSalt : kCounterSalt;
  return EVP_CIPHER_get_key_length(algorithm_of(id)) + static_cast<int>(salt);
}

extern const srtp_cipher_type_t kTypes[4];

template <srtp_cipher_type_id_t kId>
srtp_err_status_t make_cipher(srtp_cipher_pointer_t* made, int key_len, int tag_len) {
  const bool has_tag = tag_len == kLongTag || tag_len == kShortTag;
  if (key_len != key_size(kId) || has_tag != is_gcm(kId)) return srtp_err_status_bad_param;
  std::unique_ptr<Cipher> cipher(new (std::nothrow) Cipher);
  if (cipher == nullptr || cipher->context == nullptr) return srtp_err_status_alloc_fail;
  cipher->type = std::ranges::find(kTypes, kId, &srtp_cipher_type_t::id);
  cipher->state = cipher.get();
  cipher->key_len = key_len;
  cipher->algorithm = static_cast<int>(kId);
  cipher->tag_size = tag_len;
  *made = cipher.release();
  return srtp_err_status_ok;
}

srtp_err_status_t free_cipher(srtp_cipher_pointer_t cipher) {
  delete static_cast<Cipher*>(cipher);
  return srtp_err_status_ok;
}

srtp_err_status_t set_key(void* state, const std::uint8_t* key) {
  Cipher& cipher = cipher_of(state);
  const auto id = static_cast<srtp_cipher_type_id_t>(cipher.algorithm);
  const EVP_CIPHER* algorithm = algorithm_of(id);
  if (!is_gcm(id)) {
    std::copy_n(key + EVP_CIPHER_get_key_length(algorithm), kCounterSalt, cipher.salt.begin());
  }
  return status_of(EVP_CipherInit_ex(cipher.context.get(), algorithm, nullptr, key, nullptr, 1) ==
                   1);
}

srtp_err_status_t set_counter(void* state, std::uint8_t* iv, srtp_cipher_direction_t /*of*/) {
  Cipher& cipher = cipher_of(state);
  std::array<std::uint8_t, kBlock> counter = cipher.salt;
  for (std::size_t i = 0; i < counter.size(); ++i) counter[i] ^= iv[i];
  return status_of(
      EVP_CipherInit_ex(cipher.context.get(), nullptr, nullptr, nullptr, counter.data(), 1) == 1);
}

srtp_err_status_t set_nonce(void* state, std::uint8_t* iv, srtp_cipher_direction_t direction) {
  const int encrypts = direction == srtp_direction_encrypt ? 1 : 0;
  return status_of(EVP_CipherInit_ex(cipher_of(state).context.get(), nullptr, nullptr, nullptr, iv,
                                     encrypts) == 1);
}

bool update(void* state, std::uint8_t* out, const std::uint8_t* in, std::uint32_t size) {
  int written = 0;
  return size == 0 || EVP_CipherUpdate(cipher_of(state).context.get(), out, &written, in,
                                       static_cast<int>(size)) == 1;
}

srtp_err_status_t authenticate(void* state, const std::uint8_t* text, std::uint32_t size) {
  return status_of(update(state, nullptr, text, size));
}

srtp_err_status_t crypt(void* state, std::uint8_t* text, unsigned int* size) {
  return status_of(update(state, text, text, *size));
}

srtp_err_status_t write_tag(void* state, std::uint8_t* tag, std::uint32_t* size) {
  const Cipher& cipher = cipher_of(state);
  int written = 0;
  *size = static_cast<std::uint32_t>(cipher.tag_size);
  return status_of(
      EVP_CipherFinal_ex(cipher.context.get(), tag, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.context.get(), EVP_CTRL_AEAD_GET_TAG, cipher.tag_size, tag) == 1);
}

/// Text and tag; `size` becomes that of the text.
srtp_err_status_t decrypt_with_tag(void* state, std::uint8_t* text, unsigned int* size) {
  const Cipher& cipher = cipher_of(state);
  const auto tag_size = static_cast<unsigned int>(cipher.tag_size);
  if (*size < tag_size) return srtp_err_status_bad_param;
  *size -= tag_size;
  std::uint8_t* const tag = text + *size;
  int written = 0;
  if (EVP_CIPHER_CTX_ctrl(cipher.context.get(), EVP_CTRL_AEAD_SET_TAG, cipher.tag_size, tag) != 1 ||
      !update(state, text, text, *size)) {
    return srtp_err_status_cipher_fail;
  }
  return EVP_CipherFinal_ex(cipher.context.get(), tag, &written) == 1 ? srtp_err_status_ok
                                                                      : srtp_err_status_auth_fail;
}

/// A digest with its key; the packet that compute() ends with the rollover counter.
struct Digest : srtp_auth_t {
  std::array<std::uint8_t, Sha1().size()> key{};
  std::size_t key_size = 0;
  Bytes packet;
};

Digest& digest_of(void* state) { return *static_cast<Digest*>(state); }

extern const srtp_auth_type_t kHmacSha1;

srtp_err_status_t make_digest(srtp_auth_pointer_t* made, int key_len, int out_len) {
  if (key_len < 0 || out_len < 0 || static_cast<std::size_t>(out_len) > Sha1().size()) {
    return srtp_err_status_bad_param;
  }
  std::unique_ptr<Digest> digest(new (std::nothrow) Digest);
  if (digest == nullptr) return srtp_err_status_alloc_fail;
  digest->type = &kHmacSha1;
  digest->state = digest.get();
  digest->out_len = out_len;
  digest->key_len = key_len;
  digest->prefix_len = 0;
  *made = digest.release();
  return srtp_err_status_ok;
}

srtp_err_status_t free_digest(srtp_auth_pointer_t auth) {
  auto* const digest = static_cast<Digest*>(auth);
  OPENSSL_cleanse(digest->key.data(), digest->key.size());
  delete digest;
  return srtp_err_status_ok;
}

srtp_err_status_t set_digest_key(void* state, const std::uint8_t* key, int size) {
  Digest& digest = digest_of(state);
  if (size < 0 || static_cast<std::size_t>(size) > digest.key.size()) {
    return srtp_err_status_bad_param;
  }
  digest.key_size = static_cast<std::size_t>(size);
  std::copy_n(key, digest.key_size, digest.key.begin());
  return srtp_err_status_ok;
}

srtp_err_status_t start_digest(void* state) {
  digest_of(state).packet = {};
  return srtp_err_status_ok;
}

/// libsrtp2 gives a packet in one piece, which stays until compute().
srtp_err_status_t update_digest(void* state, const std::uint8_t* text, int size) {
  Bytes& packet = digest_of(state).packet;
  if (!packet.empty()) return srtp_err_status_no_such_op;
  packet = {text, static_cast<std::size_t>(size)};
  return srtp_err_status_ok;
}

srtp_err_status_t compute_digest(void* state, const std::uint8_t* text, int size, int tag_size,
                                 std::uint8_t* tag) {
  const Digest& digest = digest_of(state);
  const std::string_view key(reinterpret_cast<const char*>(digest.key.data()), digest.key_size);
  const Sha1 whole = hmac_sha1(key, digest.packet, {text, static_cast<std::size_t>(size)});
  std::copy_n(whole.begin(), tag_size, tag);
  return srtp_err_status_ok;
}

// What each is tested with first: RFC 3711, B.2, and RFC 6188, 7.2 (key stream); RFC 7714, 16.1.1
// and 16.2.1; RFC 2202, 3 (1).

consteval int digit(char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; }

template <std::size_t kSize>
consteval auto bytes(const char (&hex)[kSize]) {
  std::array<std::uint8_t, kSize / 2> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<std::uint8_t>(16 * digit(hex[2 * i]) + digit(hex[2 * i + 1]));
  }
  return result;
}

constexpr auto kCounterKey128 =
    bytes("2b7e151628aed2a6abf7158809cf4f3cf0f1f2f3f4f5f6f7f8f9fafbfcfd");
constexpr auto kCounterKey256 = bytes(
    "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98"
    "f0f1f2f3f4f5f6f7f8f9fafbfcfd");
constexpr auto kStream128 =
    bytes("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab");
constexpr auto kStream256 =
    bytes("92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac");
constexpr std::array<std::uint8_t, 32> kZeros{};

/// The key of either size, and room for a salt, which lies in the nonce.
constexpr auto kGcmKey = bytes(
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "000000000000000000000000");
constexpr auto kGcmHeader = bytes("8040f17b8041f8d35501a0b2");
constexpr auto kGcmText =
    bytes("47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
constexpr auto kSealed128 = bytes(
    "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
    "899d7f27beb16a9152cf765ee4390cce");
constexpr auto kSealed256 = bytes(
    "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
    "7aa3db36dfffd6b0f9bb7878d7a76c13");

constexpr auto kDigestKey = bytes("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
constexpr auto kDigestText = bytes("4869205468657265");
constexpr auto kDigestOfText = bytes("b617318655057264e28bc0b6fb378c8ef146be00");

// libsrtp2 takes pointers to what it could change.
std::array<std::uint8_t, kBlock> no_index{};
auto gcm_nonce = bytes("51753c6580c2726f20718414");

srtp_cipher_test_case_t stream_test(Bytes key, Bytes stream) {
  return {.key_length_octets = static_cast<int>(key.size()),
          .key = key.data(),
          .idx = no_index.data(),
          .plaintext_length_octets = static_cast<unsigned int>(stream.size()),
          .plaintext = kZeros.data(),
          .ciphertext_length_octets = static_cast<unsigned int>(stream.size()),
          .ciphertext = stream.data(),
          .aad_length_octets = 0,
          .aad = nullptr,
          .tag_length_octets = 0,
          .next_test_case = nullptr};
}

srtp_cipher_test_case_t sealing_test(srtp_cipher_type_id_t id, Bytes sealed) {
  return {.key_length_octets = key_size(id),
          .key = kGcmKey.data(),
          .idx = gcm_nonce.data(),
          .plaintext_length_octets = kGcmText.size(),
          .plaintext = kGcmText.data(),
          .ciphertext_length_octets = static_cast<unsigned int>(sealed.size()),
          .ciphertext = sealed.data(),
          .aad_length_octets = kGcmHeader.size(),
          .aad = kGcmHeader.data(),
          .tag_length_octets = kLongTag,
          .next_test_case = nullptr};
}

const srtp_cipher_test_case_t kStreamTest128 = stream_test(kCounterKey128, kStream128);
const srtp_cipher_test_case_t kStreamTest256 = stream_test(kCounterKey256, kStream256);
const srtp_cipher_test_case_t kSealingTest128 = sealing_test(SRTP_AES_GCM_128, kSealed128);
const srtp_cipher_test_case_t kSealingTest256 = sealing_test(SRTP_AES_GCM_256, kSealed256);

template <srtp_cipher_type_id_t kId>
srtp_cipher_type_t type_of(const srtp_cipher_test_case_t& test) {
  constexpr bool kGcm = is_gcm(kId);
  return {.alloc = make_cipher<kId>,
          .dealloc = free_cipher,
          .init = set_key,
          .set_aad = kGcm ? authenticate : nullptr,
          .encrypt = crypt,
          .decrypt = kGcm ? decrypt_with_tag : crypt,
          .set_iv = kGcm ? set_nonce : set_counter,
          .get_tag = kGcm ? write_tag : nullptr,
          .description = kGcm ? "AES-GCM (OpenSSL)" : "AES in counter mode (OpenSSL)",
          .test_data = &test,
          .id = kId};
}

const srtp_cipher_type_t kTypes[4] = {
    type_of<SRTP_AES_ICM_128>(kStreamTest128), type_of<SRTP_AES_ICM_256>(kStreamTest256),
    type_of<SRTP_AES_GCM_128>(kSealingTest128), type_of<SRTP_AES_GCM_256>(kSealingTest256)};

const srtp_auth_test_case_t kDigestTest = {.key_length_octets = kDigestKey.size(),
                                           .key = kDigestKey.data(),
                                           .data_length_octets = kDigestText.size(),
                                           .data = kDigestText.data(),
                                           .tag_length_octets = kDigestOfText.size(),
                                           .tag = kDigestOfText.data(),
                                           .next_test_case = nullptr};

const srtp_auth_type_t kHmacSha1 = {.alloc = make_digest,
                                    .dealloc = free_digest,
                                    .init = set_digest_key,
                                    .compute = compute_digest,
                                    .update = update_digest,
                                    .start = start_digest,
                                    .description = "HMAC-SHA1 (OpenSSL)",
                                    .test_data = &kDigestTest,
                                    .id = SRTP_HMAC_SHA1};

void check(srtp_err_status_t status, const char* what) {
  if (status != srtp_err_status_ok) {
    refuse(what, fmt::format("refused by libsrtp2 with status {}", static_cast<int>(status)),
           "a libsrtp2 with AES-GCM", "check its version and OpenSSL's configuration");
  }
}

bool prepare() {
  check(srtp_init(), "libsrtp2");
  for (const srtp_cipher_type_t& type : kTypes) {
    check(srtp_replace_cipher_type(&type, type.id), type.description);
  }
  check(srtp_replace_auth_type(&kHmacSha1, kHmacSha1.id), kHmacSha1.description);
  return true;
}

}  // namespace

void prepare_libsrtp() { [[maybe_unused]] static const bool prepared = prepare(); }

}  // namespace remotemedia::rtc
