"""The style sheet of the report page, light and dark."""

STYLE = """
:root { color-scheme: light dark; --text: #1c2127; --muted: #59636f; --page: #f8f9fa;
  --raised: #ffffff; --line: #d5dae1; --new: #2459c4; --old: #8a5a00; --good: #1b7a4b;
  --bad: #b3362c; --heat: 36 89 196; }
@media (prefers-color-scheme: dark) { :root { --text: #e8ebee; --muted: #a2acb7; --page: #1d2125;
  --raised: #272c31; --line: #3a4149; --new: #7ea8ff; --old: #f0b954; --good: #4cc38a;
  --bad: #ff8f83; --heat: 126 168 255; } }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .25rem; font-size: 1.25rem; }
h3 { margin: 1rem 0 .25rem; font-size: 1rem; }
p { margin: .25rem 0; }
.muted { color: var(--muted); }
.advice { display: inline-block; padding: .1rem .7rem; border-radius: .5rem; font-weight: 600;
  color: var(--raised); }
.advice.good { background: var(--good); }
.advice.bad { background: var(--old); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin-top: .5rem; }
th, td { padding: .25rem .75rem; text-align: left; vertical-align: middle;
  border-bottom: 1px solid var(--line); font-weight: normal; }
tr.top th { color: var(--muted); font-size: .85em; white-space: nowrap; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: .5rem 0; padding: .75rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: .5rem; width: 20rem; }
figcaption { font-weight: 600; }
svg { width: 100%; height: auto; display: block; }
svg.bar { width: 10rem; height: 1rem; }
svg text { fill: var(--muted); font-size: 10px; text-anchor: middle; }
svg text.end { text-anchor: end; }
svg polyline { fill: none; stroke-width: 2; }
svg .grid, svg .axis { stroke: var(--line); }
svg .after { stroke: var(--new); } svg circle.after { fill: var(--new); }
svg .before { stroke: var(--old); } svg circle.before { fill: var(--old); }
svg .third { stroke: var(--good); }
svg .guide { stroke: var(--line); stroke-dasharray: 4 4; }
svg .good { stroke: var(--good); stroke-width: 2; } svg circle.good { fill: var(--good); }
svg .bad { stroke: var(--bad); stroke-width: 2; } svg circle.bad { fill: var(--bad); }
svg .open { stroke: var(--muted); stroke-width: 2; } svg circle.open { fill: var(--muted); }
.key { margin-right: 1rem; font-size: .85em; }
.key::before { content: ""; display: inline-block; width: 1em; height: 3px; margin-right: .4em;
  vertical-align: middle; background: currentColor; }
.key.after { color: var(--new); }
.key.before { color: var(--old); }
.key.third { color: var(--good); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem;
  margin-top: .75rem; }
article { padding: .75rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: .5rem; }
article h3 { margin-top: 0; }
.strip { display: flex; gap: .25rem; flex-wrap: wrap; }
.strip img { height: 4.5rem; border-radius: .25rem; }
.confusion th, .confusion td { padding: .15rem .4rem; }
.confusion td { text-align: right; font-variant-numeric: tabular-nums; }
.heat { background: rgb(var(--heat) / calc(var(--share) * .6)); }
th.up { height: 8rem; vertical-align: bottom; }
th.up span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
"""
