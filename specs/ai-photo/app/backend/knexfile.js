const { database } = require("./src/config/env");

const config = {
  client: "mysql2",
  connection: { ...database, charset: "utf8mb4" },
  pool: { min: 5, max: 20 },
  migrations: { directory: "./src/db/migrations", tableName: "knex_migrations" },
};

module.exports = { development: config, production: config };
