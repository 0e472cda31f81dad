// loom_library.hpp - compiled models from shared libraries, at run time. Beside loom.hpp; link with -ldl where that is a library of
// its own.
//
//     loom::network net(loom::load_library("./libdigits.so"));
#ifndef LOOM_LIBRARY_HPP
#define LOOM_LIBRARY_HPP

#include "loom.hpp"

#if defined(_WIN32)
extern "C" {
__declspec(dllimport) void *__stdcall LoadLibraryA(const char *);
__declspec(dllimport) void *__stdcall GetProcAddress(void *, const char *);
__declspec(dllimport) int __stdcall FreeLibrary(void *);
}
#else
#include <dlfcn.h>
#endif

namespace loom {
namespace detail {

#if defined(_WIN32)
inline void *open_library(const char *path) { return LoadLibraryA(path); }
inline void *find_symbol(void *library, const char *name) { return GetProcAddress(library, name); }
inline void close_library(void *library) { FreeLibrary(library); }
inline std::string library_problem(const std::string &path) { return path + ": cannot be loaded as a shared library"; }
#else
inline void *open_library(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
inline void *find_symbol(void *library, const char *name) { return dlsym(library, name); }
inline void close_library(void *library) { dlclose(library); }
inline std::string library_problem(const std::string &) { return dlerror(); }
#endif

/// "digits" for "lib/libdigits.so".
inline std::string library_id(const std::string &path)
{
    const std::size_t slash = path.find_last_of("/\\");
    std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    name = name.substr(0, name.find('.'));
    return name.compare(0, 3, "lib") == 0 ? name.substr(3) : name;
}

} // namespace detail

/// The model that a shared library made from `loomc compile --abi` exports as <id>_model(). `id` "": the library's name tells,
/// lib<id>.so. The library stays loaded as long as the model lives. LOOM_E_FILE: it cannot be loaded, or exports no such model.
inline model load_library(const std::string &path, std::string id = {})
{
    std::shared_ptr<void> library(detail::open_library(path.c_str()), [](void *p) {
        if (p)
            detail::close_library(p);
    });
    if (!library)
        detail::fail(LOOM_E_FILE, detail::library_problem(path), "path");
    if (id.empty())
        id = detail::library_id(path);
    void *symbol = detail::find_symbol(library.get(), (id + "_model").c_str());
    if (!symbol)
        detail::fail(LOOM_E_FILE, path + ": exports no " + id + "_model(); give the network's id", "id");
    const loom_model *(*function)() = nullptr;
    static_assert(sizeof function == sizeof symbol, "functions and data have pointers of one size");
    std::memcpy(&function, &symbol, sizeof function);
    const loom_model *m = function();
    return model::shared(std::shared_ptr<const loom_model>(m, [library](const loom_model *) {}));
}

} // namespace loom

#endif
