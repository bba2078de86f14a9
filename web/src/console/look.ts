// Colours of terminals.  xterm.js keeps 4.5:1 between text and background itself (minimumContrastRatio).
import type { ITheme } from '@xterm/xterm';

const DARK: ITheme = {
    background: '#14171c',
    foreground: '#d9dde4',
    cursor: '#9db2ff',
    cursorAccent: '#14171c',
    selectionBackground: '#38466e',
    black: '#2a2f38',
    red: '#f2767a',
    green: '#7cc88f',
    yellow: '#e0b866',
    blue: '#8aa8ff',
    magenta: '#cf9bf0',
    cyan: '#68c6cf',
    white: '#d9dde4',
    brightBlack: '#7d8594',
    brightRed: '#ff9a9d',
    brightGreen: '#9de0ad',
    brightYellow: '#f3d38c',
    brightBlue: '#adc2ff',
    brightMagenta: '#e2bbfb',
    brightCyan: '#93dfe6',
    brightWhite: '#ffffff',
    scrollbarSliderBackground: '#ffffff2e',
    scrollbarSliderHoverBackground: '#ffffff55',
    scrollbarSliderActiveBackground: '#ffffff77',
};

const LIGHT: ITheme = {
    background: '#fdfdfc',
    foreground: '#22262d',
    cursor: '#3a53b8',
    cursorAccent: '#fdfdfc',
    selectionBackground: '#c8d3f7',
    black: '#22262d',
    red: '#b4232b',
    green: '#1d7543',
    yellow: '#8a6100',
    blue: '#2f50c0',
    magenta: '#8437a8',
    cyan: '#0f7078',
    white: '#6a7180',
    brightBlack: '#5b6270',
    brightRed: '#c93038',
    brightGreen: '#23824c',
    brightYellow: '#946a00',
    brightBlue: '#3f61d6',
    brightMagenta: '#9545bb',
    brightCyan: '#147c85',
    brightWhite: '#3f4550',
    scrollbarSliderBackground: '#0000002e',
    scrollbarSliderHoverBackground: '#00000055',
    scrollbarSliderActiveBackground: '#00000077',
};

export const FONT =
    'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace';

export const themeOf = (dark: boolean): ITheme => (dark ? DARK : LIGHT);
