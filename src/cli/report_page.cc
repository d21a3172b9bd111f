#include "cli/report_page.h"

#include "cli/report_text.h"

#include <fmt/format.h>

namespace remotemedia::cli::report {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --ink: #1d2327; --soft: #5d676e; --line: #e2e4e4;
  --wave: #8fbfce; --rms: #2c7690; --bar: #4b93ab; --speech: #d9932b; --focus: #2c7690; }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #121517; --card: #1a1e21; --ink: #e4e8ea; --soft: #98a3aa; --line: #2c3236;
  --wave: #326477; --rms: #86c6db; --bar: #4f9bb5; --speech: #e0a445; --focus: #86c6db; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2.5rem 1.5rem 1rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 0 0 .9rem; font-size: 1.05rem; font-weight: 650; }
p { margin: .4rem 0; }
header p { color: var(--soft); overflow-wrap: anywhere; }
code, .param { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .86em; }
section { margin: 1rem 0; padding: 1.2rem 1.4rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; }
.files { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 1rem 0 0; }
.files dt { color: var(--soft); }
.files dd { margin: 0; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: 1rem;
  margin: 1.6rem 0 1rem; }
.cards div { padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
.cards dt { color: var(--soft); font-size: .86rem; }
.cards dd { margin: 0; color: var(--soft); font-size: .86rem; }
.cards .value { color: var(--ink); font-size: 1.35rem; line-height: 1.45; font-weight: 600;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.timeline { margin: 0; }
.plot { position: relative; margin: 0 .4rem 0 3.2rem; }
.plot svg { display: block; width: 100%; height: 100%; overflow: hidden; }
.plot .marks { position: absolute; inset: 0 0 1.5rem; height: calc(100% - 1.5rem); }
.marks .speech { fill: var(--speech); opacity: .13; }
.marks .grid { fill: none; stroke: var(--soft); opacity: .22; vector-effect: non-scaling-stroke; }
.strip, .lane, .spectrum { position: relative; }
.strip { height: .5rem; margin-bottom: .5rem; }
.strip path { fill: var(--speech); }
.strip.utterances path { opacity: .55; }
.lane { height: 8rem; margin-bottom: .5rem; }
.lane:has(+ .lane), .lane + .lane { height: 6.5rem; }
.lane .outline { fill: var(--wave); stroke: var(--wave); vector-effect: non-scaling-stroke; }
.lane .rms { fill: var(--rms); }
.spectrum, .image { height: 9rem; }
.image { overflow: hidden; }
.image img { display: block; height: 100%; max-width: none; }
.y { position: absolute; right: calc(100% + .45rem); top: 50%; transform: translateY(-50%);
  color: var(--soft); font-size: .74rem; line-height: 1; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.lane .y.top { top: 0; transform: none; }
.lane .y.bottom { top: auto; bottom: 0; transform: none; }
.axis { position: relative; height: 1.5rem; padding-top: .35rem; color: var(--soft);
  font-size: .76rem; font-variant-numeric: tabular-nums; }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
figcaption { margin-left: 3.2rem; color: var(--soft); font-size: .8rem; text-align: center; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
  gap: 1rem; }
.halves section { margin: 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .4rem; color: var(--soft); font-size: .86rem; text-align: left; }
th, td { padding: .36rem .5rem; border-top: 1px solid var(--line); text-align: right;
  font-weight: 400; vertical-align: top; }
thead th, thead td { border-top: 0; padding-top: 0; color: var(--soft); font-size: .8rem; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { overflow-wrap: anywhere; min-width: 5.5rem; }
td { white-space: nowrap; }
.audio td:nth-child(4) { white-space: normal; }
small { display: block; color: var(--soft); font-size: .8rem; }
.nodes .bar { width: 30%; min-width: 4rem; vertical-align: middle; }
.bar svg { display: block; width: 100%; height: .55rem; border-radius: 3px;
  background: color-mix(in srgb, var(--line) 60%, transparent); }
.bar rect { fill: var(--bar); }
.rest .bar rect { fill: var(--soft); opacity: .55; }
.others td, .others th { text-align: left; }
.others .text { overflow-wrap: anywhere; white-space: pre-wrap; }
.more { color: var(--soft); }
table + details, table + table, details + table, .more + table { margin-top: .9rem; }
summary { cursor: pointer; }
details caption { display: none; }
details[open] { max-height: 30rem; overflow: auto; }
.scroll { overflow-x: auto; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.graph { display: block; max-width: 100%; margin: 0 auto; font-size: 12.5px; }
.graph rect { fill: var(--card); stroke: var(--bar); stroke-width: 1.2; }
.graph .end rect { fill: var(--page); stroke: var(--line); }
.graph .share { fill: var(--bar); stroke: none; }
.graph text { fill: var(--ink); }
.graph .name { font-size: 13.5px; font-weight: 600; }
.graph .end .name { font-weight: 500; }
.graph .type, .graph .label { fill: var(--soft); }
.graph .param { font-size: 11.5px; }
.graph .label { font-size: 11.5px; text-anchor: end; }
.graph .link { fill: none; stroke: var(--soft); stroke-width: 1.2; }
.graph marker path { fill: var(--soft); }
footer { max-width: 70rem; margin: 0 auto; padding: .5rem 1.5rem 2.5rem; color: var(--soft);
  font-size: .84rem; }
@media screen and (prefers-color-scheme: dark) {
  .image img { filter: invert(1) hue-rotate(180deg); } }
@media (max-width: 40rem) {
  main { padding: 1.5rem .9rem .5rem; } section { padding: 1rem; }
  .cards { grid-template-columns: 1fr 1fr; gap: .7rem; } .cards .value { font-size: 1.2rem; }
  .axis .odd { display: none; } .files { grid-template-columns: 1fr; }
  .files dd { margin-bottom: .4rem; } th, td { padding: .36rem .3rem; }
  .nodes .bar, .nodes thead td, .audio th:nth-child(3), .audio td:nth-child(3),
  .nodes th:nth-child(5), .nodes td:nth-child(5), .nodes th:nth-child(7), .nodes td:nth-child(7),
  .nodes th:nth-child(8), .nodes td:nth-child(8) { display: none; } small { font-size: .74rem; } }
@media print {
  :root { --page: #fff; } body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .cards { grid-template-columns: repeat(3, 1fr); } .scroll { overflow: visible; }
  .graph { min-width: 0 !important; } details[open] { max-height: none; }
  section, .cards div { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

}  // namespace

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), kStyle, body);
}

std::string section(std::string_view heading, std::string_view content) {
  if (content.empty()) return {};
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escaped(heading), content);
}

}  // namespace remotemedia::cli::report
