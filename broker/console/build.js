// Bundles the console and writes it down as a C table of pages (broker/gateway/pages.h).
//
//   node build.js SOURCES MODULES OUT
//
// SOURCES is this folder, MODULES what `npm ci` has put together, OUT the folder for the bundle and pages.c.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST = 100 * 1000; // bytes, packed: what an operator waits for at the other end of a slow line
const [sources, modules, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(modules, 'package.json'))('esbuild');

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8',
                svg: 'image/svg+xml' };

function bundle(entry) {
    const built = esbuild.buildSync({
        entryPoints: [join(sources, 'src', entry)], bundle: true, minify: true, write: false, format: 'esm',
        target: 'es2022', legalComments: 'none', nodePaths: [join(modules, 'node_modules')], logLevel: 'warning',
    });
    return Buffer.from(built.outputFiles[0].contents);
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

// A file with its hash in its name is kept by browsers for ever.
function page(name, bytes) {
    const [stem, extension] = name.split('.');
    return { path: `/console/${stem}.${hash(bytes)}.${extension}`, type: TYPES[extension], bytes, immutable: true };
}

const files = [page('console.js', bundle('main.js')), page('console.css', bundle('style.css')),
               page('icon.svg', readFileSync(join(sources, 'src', 'icon.svg')))];
const index = files.reduce((text, { path }) => text.replace(`{${path.split('.').pop()}}`, path),
                           readFileSync(join(sources, 'src', 'index.html'), 'utf8'));
// The last one is what browsers ask for of themselves on a page that names no icon.
const pages = [{ path: '/', type: TYPES.html, bytes: Buffer.from(index), immutable: false }, ...files,
               { ...files[2], path: '/favicon.ico', immutable: false }];

let total = 0;
const blocks = [], rows = [];
pages.forEach(({ path, type, bytes, immutable }, number) => {
    const packed = gzipSync(bytes, { level: 9 });
    total += packed.length;
    const lines = packed.toString('hex').match(/.{1,64}/g).map((line) => line.replace(/../g, '0x$&,'));
    blocks.push(`static const uint8_t PAGE_${number}[] = {\n${lines.join('\n')}\n};\n`);
    rows.push(`    {.path = "${path}", .type = "${type}", .encoding = "gzip", .hash = "${hash(bytes)}", ` +
              `.immutable = ${immutable}, .size = sizeof PAGE_${number}, .data = PAGE_${number}},`);
});
if (total > MOST) {
    console.error(`the console has ${total} bytes, packed; it is to have at most ${MOST}`);
    process.exit(1);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'pages.c'), `#include "console.h"\n\n${blocks.join('\n')}
const page_t CONSOLE_PAGES[] = {
${rows.join('\n')}
};
const size_t CONSOLE_PAGE_COUNT = sizeof CONSOLE_PAGES / sizeof *CONSOLE_PAGES;
`);
console.log(`console: ${total} bytes, packed`);
