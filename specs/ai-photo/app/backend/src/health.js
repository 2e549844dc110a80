// GET /health asks neither database nor cache, so that it answers at once, whatever they do: they are asked here, all the time.
const database = require("./config/database");
const redis = require("./config/redis");
const { mistakes } = require("./config/env");

const PERIOD = 1000;
const LIMIT = 3000;

let problems = ["starting"];

const within = (promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), LIMIT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

async function look() {
  const found = mistakes();
  const asked = {
    database: () => database("photos").count("* as count"),
    redis: () => redis.ping(),
  };
  await Promise.all(
    Object.entries(asked).map(([what, ask]) =>
      within(ask()).catch((error) => found.push(`${what}: ${error.code || error.message}`)),
    ),
  );
  problems = found;
}

// Looks once, and from then on by itself.
async function start() {
  await look();
  const again = async () => {
    await look();
    setTimeout(again, PERIOD).unref();
  };
  setTimeout(again, PERIOD).unref();
}

module.exports = { start, problems: () => problems };
