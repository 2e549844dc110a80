// The environment wins over .env: PORT is what PM2 says.
const fs = require("fs");
const path = require("path");

require("dotenv").config({ path: path.join(__dirname, "../../.env") });

const env = process.env;
const number = (text, otherwise) => Number(text || otherwise);

module.exports = {
  environment: env.NODE_ENV || "development",
  host: env.HOST || "127.0.0.1",
  port: number(env.PORT, 3000),
  logLevel: env.LOG_LEVEL || "info",
  database: {
    host: env.DB_HOST || "127.0.0.1",
    port: number(env.DB_PORT, 3306),
    user: env.DB_USER,
    password: env.DB_PASSWORD,
    database: env.DB_NAME,
  },
  redis: { host: env.REDIS_HOST || "127.0.0.1", port: number(env.REDIS_PORT, 6379), password: env.REDIS_PASSWORD },

  // Says what is missing or cannot be what it should be; nothing of the values.
  mistakes() {
    const needed = [
      "DB_USER", "DB_PASSWORD", "DB_NAME", "REDIS_PASSWORD", "JWT_SECRET", "INTERNAL_CALLBACK_SECRET", "TENCENT_SECRET_ID",
      "TENCENT_SECRET_KEY", "WECHAT_API_KEY", "WECHAT_CERT_PATH",
    ];
    const mistakes = needed.filter((name) => !env[name]).map((name) => `${name} is not set`);
    if (!/^[0-9a-f]{64}$/.test(env.CREDENTIALS_ENCRYPTION_KEY || "")) {
      mistakes.push("CREDENTIALS_ENCRYPTION_KEY is not 32 bytes in hexadecimal");
    }
    try {
      if (!fs.readFileSync(env.WECHAT_CERT_PATH || "", "utf8").includes("-----BEGIN CERTIFICATE-----")) {
        mistakes.push("the payment certificate is none");
      }
    } catch (error) {
      mistakes.push(`the payment certificate cannot be read: ${error.code}`);
    }
    return mistakes;
  },
};
