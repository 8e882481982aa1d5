import { getContext, setContext } from 'svelte';
import type { Board } from './board.svelte';

export const BOARD = Symbol('board');
export const provideBoard = (board: Board) => setContext(BOARD, board);
export const useBoard = () => getContext<Board>(BOARD);
