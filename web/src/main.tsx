// Where the page begins.
import './console/csp'; // before anything can load xterm.js
import '@xterm/xterm/css/xterm.css';
import './ui/css/tokens.css';
import './ui/css/base.css';
import './ui/css/parts.css';
import './ui/css/pages.css';
import './ui/css/lab.css';
import './ui/css/topology.css';
import './ui/css/console.css';
import { render } from 'preact';
import { followHistory } from './model/route';
import { followTheme } from './model/theme';
import { App } from './pages/App';

followTheme();
followHistory();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
