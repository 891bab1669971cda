/*
 * Draws bars on a logarithmic scale as SVG, with Vega-Lite (bench/package.json).
 */
'use strict';

const WIDTH = 460;
const STEP = 26;
const OURS = '#c2410c';
const OTHERS = '#64748b';
const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';

/* The powers of ten from one below the shortest to one above the longest. */
function powersOf(values) {
  const logarithms = values.map(Math.log10);
  const first = Math.floor(Math.min(...logarithms));
  const last = Math.ceil(Math.max(...logarithms));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/* bars: [{ name, value, label, isOurs }] */
function specification({ title, subtitle, axis, bars }) {
  const powers = powersOf(bars.map(({ value }) => value));
  const domain = [powers[0], powers.at(-1)];
  const x = {
    field: 'value',
    type: 'quantitative',
    title: axis,
    scale: { type: 'log', domain },
    axis: { values: powers, format: ',' },
  };
  return {
    background: 'white',
    padding: 16,
    width: WIDTH,
    height: { step: STEP },
    title: { text: title, subtitle, anchor: 'start', offset: 12 },
    data: { values: bars },
    encoding: { y: { field: 'name', type: 'nominal', sort: null, title: null } },
    layer: [
      {
        mark: { type: 'bar', cornerRadiusEnd: 2 },
        encoding: {
          x,
          x2: { datum: powers[0] },
          color: { condition: { test: 'datum.isOurs', value: OURS }, value: OTHERS },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5 },
        encoding: { x, text: { field: 'label' }, color: { value: '#111827' } },
      },
    ],
    config: {
      font: FONT,
      view: { stroke: null },
      title: { fontSize: 15, subtitleFontSize: 12, subtitleColor: '#4b5563', subtitlePadding: 5 },
      axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', labelLimit: 0 },
      axisX: { gridColor: '#e5e7eb', domain: false, ticks: false },
      axisY: { domain: false, ticks: false, labelPadding: 8 },
      text: { fontSize: 12 },
    },
  };
}

/* Resolves with a function of a chart that resolves with its SVG. */
async function loadChart() {
  let vega, lite;
  try {
    [vega, lite] = await Promise.all([import('vega'), import('vega-lite')]);
  } catch (cause) {
    throw new Error('a chart takes vega-lite: cd bench && npm install', { cause });
  }
  return (chart) =>
    new vega.View(vega.parse(lite.compile(specification(chart)).spec), {
      renderer: 'none',
    }).toSVG();
}

module.exports = { loadChart };
