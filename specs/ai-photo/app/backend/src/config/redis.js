const Redis = require("ioredis");

const { redis } = require("./env");
const logger = require("../utils/logger");

const client = new Redis({ ...redis, maxRetriesPerRequest: 1, retryStrategy: () => 500 });
client.on("error", (error) => logger.warn("redis", { error: error.message }));

module.exports = client;
