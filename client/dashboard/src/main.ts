import { mount } from 'svelte';
import App from './App.svelte';
import { parseUrl } from './model/url_state';
import './styles/all.css';
import { Board } from './tab/board.svelte';
import { connectHub } from './tab/hub_link';

const { view, operation } = parseUrl(location.search);
mount(App, { target: document.getElementById('app')!, props: { board: new Board(connectHub({ view, operation })) } });

if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js').catch(() => undefined);
