# cmake -DOUTPUT=... -DFILES="a;b" -P embed_files.cmake: C++ that holds the files' bytes.
set(entries "")
set(arrays "")
set(number 0)
string(REPEAT "." 80 line)  # 20 bytes
foreach(file ${FILES})
  file(READ ${file} hex HEX)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  # A literal of any length, in pieces that every compiler takes.
  string(REGEX REPLACE "(${line})" "\\1\"\n    \"" bytes "${bytes}")
  file(SIZE ${file} size)
  string(APPEND arrays "constexpr char kFile${number}[] =\n    \"${bytes}\";\n")
  string(APPEND entries "      {\"${name}\", std::string_view(kFile${number}, ${size})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}.new "// Made from web/ by cmake/embed_files.cmake.
#include \"server/web_files.h\"

namespace remotemedia::server {
namespace {
${arrays}
}  // namespace

const std::map<std::string, std::string_view, std::less<>>& built_in_files() {
  static const std::map<std::string, std::string_view, std::less<>> files = {
${entries}  };
  return files;
}

}  // namespace remotemedia::server
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
