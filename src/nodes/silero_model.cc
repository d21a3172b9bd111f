#include "remotemedia/nodes/silero_model.h"

#include "remotemedia/media/model_file.h"

#include <map>
#include <mutex>

namespace remotemedia {

std::shared_ptr<const dsp::SileroModel> load_silero_model() {
  return load_silero_model(media::require_model(media::silero_vad_file(), media::model_folders()));
}

std::shared_ptr<const dsp::SileroModel> load_silero_model(const std::filesystem::path& path) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, std::shared_ptr<const dsp::SileroModel>> loaded;
  const std::scoped_lock lock(mutex);
  if (const auto found = loaded.find(path); found != loaded.end()) return found->second;
  auto model = dsp::SileroModel::parse(media::read_model(media::silero_vad_file(), path));
  loaded.emplace(path, model);
  return model;
}

}  // namespace remotemedia
