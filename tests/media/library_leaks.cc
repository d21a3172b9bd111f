// What the leak sanitizer finds in libraries, and cannot be helped here.

// The sanitizer's library looks the function up by its name, so it must not be hidden.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();

// libsndfile forgets the stream's description when the header of an Ogg Vorbis file is damaged.
extern "C" const char* __lsan_default_suppressions() { return "leak:vorbis_info_init"; }
