const crypto = require("crypto");
const http = require("http");

const database = require("./config/database");
const health = require("./health");
const logger = require("./utils/logger");
const redis = require("./config/redis");
const { environment } = require("./config/env");

const MOST = 1024 * 1024;

async function body(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MOST) throw Object.assign(new Error("too large"), { status: 413 });
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString() || "{}");
  } catch {
    throw Object.assign(new Error("not JSON"), { status: 400 });
  }
}

// What a row holds can be read with the key of .env only.
function seal(text) {
  const key = Buffer.from(process.env.CREDENTIALS_ENCRYPTION_KEY, "hex");
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

function open(text) {
  const bytes = Buffer.from(text, "base64");
  const key = Buffer.from(process.env.CREDENTIALS_ENCRYPTION_KEY, "hex");
  const decipher = crypto.createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
}

const routes = {
  "GET /health": async () => {
    const problems = health.problems();
    const status = problems.length ? "unhealthy" : "ok";
    const answer = { status, timestamp: new Date().toISOString(), env: environment };
    return [problems.length ? 503 : 200, problems.length ? { ...answer, problems } : answer];
  },
  "POST /api/photos": async (request) => {
    const { title } = await body(request);
    if (typeof title !== "string" || !title) return [400, { error: "a photo has a title" }];
    const [id] = await database("photos").insert({ title: seal(title) });
    await redis.del("photos");
    return [201, { id }];
  },
  "GET /api/photos": async () => {
    const cached = await redis.get("photos");
    if (cached) return [200, { photos: JSON.parse(cached), cached: true }];
    const rows = await database("photos").orderBy("id").limit(100);
    const photos = rows.map((row) => ({ id: row.id, title: open(row.title) }));
    await redis.set("photos", JSON.stringify(photos), "EX", 60);
    return [200, { photos, cached: false }];
  },
};

async function answer(request) {
  const path = request.url.split("?")[0];
  const route = routes[`${request.method} ${path}`];
  if (!route) return [404, { error: "there is nothing here" }];
  try {
    return await route(request);
  } catch (error) {
    if (error.status) return [error.status, { error: error.message }];
    logger.error(error);
    return [500, { error: "internal error" }];
  }
}

module.exports = http.createServer(async (request, response) => {
  const [status, content] = await answer(request);
  if (request.url !== "/health") logger.info("request", { method: request.method, url: request.url, status });
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(content)}\n`);
});
