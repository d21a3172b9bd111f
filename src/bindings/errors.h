#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <string>

namespace remotemedia::bindings {

/// A Python exception that is nobody's error: KeyboardInterrupt, SystemExit, asyncio.CancelledError
/// and what else is no subclass of Python's Exception. It is no std::exception, so that a session
/// lets it pass without a node's name on it.
struct PassingException {
  nanobind::python_error error;
};

/// The Python exception object of a Python error that C++ carries.
nanobind::object exception_of(const nanobind::python_error& error);

/// What a Python error says, in one piece and without its traceback: "ValueError: no rate".
std::string words_of(const nanobind::python_error& error);

/// The Python exception for any C++ exception: a kind of remotemedia.exceptions with its attributes
/// for an error of ours, with what a node raised as the `__cause__` of that node's error.
nanobind::object to_exception(const std::exception_ptr& error);

/// Makes every function of the module raise those.
void bind_errors();

}  // namespace remotemedia::bindings
