// Everything that is shown goes through here: htm makes elements of it, and text stays text.
import { h } from 'preact';
import htm from 'htm';

export const html = htm.bind(h);
