// Files of 5 MB, five of each; winston rotates them by itself.
const path = require("path");
const winston = require("winston");

const { logLevel } = require("../config/env");

const folder = path.join(__dirname, "../../logs");
const file = (filename, level) =>
  new winston.transports.File({ dirname: folder, filename, level, maxsize: 5 * 1024 * 1024, maxFiles: 5 });

module.exports = winston.createLogger({
  level: logLevel,
  format: winston.format.combine(winston.format.timestamp(), winston.format.errors({ stack: true }), winston.format.json()),
  defaultMeta: { service: "ai-photo-api" },
  transports: [file("error.log", "error"), file("combined.log")],
});
