// What the tests share: browsers, people who are signed in, the daemons at the other end of our standard output.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(join(process.env.MODULES, 'package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const SITE = process.env.SITE;
export const PATIENCE = Number(process.env.PATIENCE ?? 60000);

// ---- the daemons ----

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let asking = Promise.resolve();

// One at a time: [what, argument …], as `run` has them.
export function daemon(...what) {
    const result = asking.then(async () => {
        process.stdout.write(`@${JSON.stringify(what)}\n`);
        const { result, wrong } = JSON.parse((await answers.next()).value);
        if (wrong)
            throw new Error(`${what[0]}: ${wrong}`);
        return result;
    });
    asking = result.catch(() => {});
    return result;
}

export async function call(method, body = {}, who = 'admin') {
    const answer = await daemon('call', who, method, body);
    assert.ok(!answer?.refused, `${method}: ${JSON.stringify(answer?.refused)}`);
    return answer;
}

// ---- browsers ----

// Debian's wrapper asks for a graphics processor, which a machine for tests has not.
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-gpu-rasterization', '--disable-software-rasterizer',
                   '--force-color-profile=srgb'];

let browser;
export async function open() {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGUMENTS });
}
export const close = () => browser.close();

const pages = [], cookies = new Map();
// A page of somebody who is signed in; whatever goes wrong in it is kept in `wrongs`.
export async function person(who, options = {}) {
    const context = await browser.newContext({ storageState: cookies.get(who), viewport: { width: 1280, height: 800 }, colorScheme: 'light', locale: 'en-GB',
                                               reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.wrongs = [];
    page.on('pageerror', (error) => page.wrongs.push(String(error)));
    page.on('dialog', (dialog) => { page.wrongs.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('console', (message) => message.type() === 'error' && page.wrongs.push(message.text()));
    pages.push(page);
    if (cookies.has(who))
        await page.goto(SITE);
    else {
        await page.goto(await daemon('link', who));
        await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    cookies.set(who, await context.storageState());
    return page;
}

export const at = (page, path) => page.goto(`${SITE}/#/${path}`);
export const shot = (page, name) => page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });

// What axe-core finds wrong, one line each.
export async function violations(page) {
    const client = await page.context().newCDPSession(page); // not by a script in the page, which it allows to nobody
    const evaluate = async (expression) => (await client.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value;
    await evaluate(AXE);
    const found = await evaluate('axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations.map((one) => ' +
        '`${one.id} (${one.impact}): ${one.nodes.slice(0, 4).map((node) => `${node.target.join(" ")}: ${node.failureSummary.split("\\n").slice(1, 3).join(" ")}`).join(" | ")}`))');
    await client.detach();
    return found;
}

// ---- tests ----

const LONGEST = 5 * PATIENCE; // ms that a test may take
const chosen = process.argv.slice(2), tests = [];

const within = (work, ms) => Promise.race([work, new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms).unref();
})]);

export const test = (name, work) => tests.push([name, work]);

export async function run() {
    const failed = [];
    await open();
    for (const [name, work] of tests) {
        if (chosen.length && !chosen.some((part) => name.includes(part)))
            continue;
        const began = Date.now();
        pages.length = 0;
        try {
            await within(work(), LONGEST);
            console.log(`ok   ${name} (${Date.now() - began} ms)`);
        } catch (error) {
            failed.push(name);
            console.log(`FAIL ${name}\n${error.stack}`);
            for (const [number, page] of pages.entries()) {
                console.log(page.url(), page.wrongs);
                await shot(page, `failed-${failed.length}-${number}`);
            }
        }
        await Promise.all(pages.map((page) => page.context().close()));
    }
    await close();
    process.exit(failed.length ? 1 : 0);
}
